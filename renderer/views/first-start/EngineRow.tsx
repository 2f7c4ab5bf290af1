import { useRef, useState } from 'react';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { engineText, type Node } from '../../../shared/node.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { modesOf } from '../../../shared/schedule.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import { HealthDot } from '../../parts/HealthDot.tsx';
import { Icon, type IconName } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { probeNodes } from '../../stores/farm-actions.ts';
import { navigate } from '../../stores/navigation.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import type { EngineEntry } from './engines.ts';
import styles from './FirstStart.module.css';

const sources: Readonly<Record<EngineEntry['source'], { readonly label: string; readonly icon: IconName }>> = {
  local: { label: 'This computer', icon: 'log' },
  'ssh-config': { label: 'From ~/.ssh/config', icon: 'node' },
  podman: { label: 'podman connection', icon: 'package' },
  'containers-conf': { label: 'From containers.conf', icon: 'package' },
  docker: { label: 'Docker context', icon: 'package' },
  buildx: { label: 'Buildx builder', icon: 'package' },
  environment: { label: 'From the environment', icon: 'log' },
  file: { label: 'From a file', icon: 'file' },
  added: { label: 'Added by you', icon: 'connections' },
};

interface EngineRowProps {
  readonly engine: EngineEntry;
  readonly isOn: boolean;
  /** Adds or removes the connection. @throws Failure, which the row shows */
  readonly onSwitch: (isOn: boolean) => Promise<void>;
}

/** An engine with its switch and the result of its last probe. */
export function EngineRow({ engine, isOn, onSwitch }: EngineRowProps) {
  const { name, uri, source, connection, candidate } = engine;
  const [problem, setProblem] = useState<Problem>();
  const isSwitching = useRef(false);
  const { label, icon } = sources[source];
  const status = useNode(connection?.name ?? '');
  const sameMachineAs =
    status?.state === 'up' ? status.sameMachineAs : connection ? undefined : candidate?.sameMachineAs;
  const notes = [
    ...(sameMachineAs === undefined ? [] : [`Same machine as ${sameMachineAs}.`]),
    ...(connection ? [] : (candidate?.notes ?? [])),
  ];

  async function change(isOn: boolean): Promise<void> {
    // ignores a second press while the first one is being processed
    if (isSwitching.current) {
      return;
    }
    isSwitching.current = true;
    setProblem(undefined);
    try {
      await onSwitch(isOn);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      isSwitching.current = false;
    }
  }

  return (
    <li className={styles.engine}>
      <div className={styles.icon}>{connection ? <Health name={name} /> : <Icon name={icon} />}</div>
      <div className={styles.about}>
        <Switch
          label={<span className={styles.engineName}>{name}</span>}
          description={
            <span className={styles.where}>
              {label} · <code>{uri}</code>
              {notes.map((note) => (
                <span key={note} className={styles.note}>
                  <Icon name="warning" size={14} />
                  {note}
                </span>
              ))}
            </span>
          }
          checked={isOn}
          onChange={(on) => void change(on)}
        />
        {problem && <ProblemNote problem={problem} />}
        {connection && <ProbeResult name={connection.name} isOn={isOn} />}
      </div>
    </li>
  );
}

function Health({ name }: { name: string }) {
  return <HealthDot health={useHealth(name)} />;
}

/** The platforms of the node, or its problem if the switch is on. */
function ProbeResult({ name, isOn }: { name: string; isOn: boolean }) {
  const status = useNode(name);
  const isProbing = useNodes(({ probing }) => probing.has(name));
  if (!status) {
    return isProbing && isOn ? (
      <output className={styles.checking}>
        <Spinner /> Checking what {name} can build
      </output>
    ) : null;
  }
  if (status.state === 'up') {
    return <NodeSummary node={status.node} />;
  }
  return isOn ? (
    <ProblemNote
      problem={status.problem}
      actions={
        <>
          <Button size="small" icon="refresh" busy={isProbing} onClick={() => probeNodes([name])}>
            Check again
          </Button>
          <Button size="small" kind="quiet" onClick={() => navigate({ view: 'connections', name })}>
            Show connection
          </Button>
        </>
      }
    />
  ) : null;
}

function NodeSummary({ node }: { node: Node }) {
  return (
    <div className={styles.summary}>
      <ul className={styles.chips} aria-label={`Platforms of ${node.connection}`}>
        {[...modesOf(node)].map(([platform, mode]) => (
          <li key={platform}>
            <PlatformChip platform={platform} kind={mode} small />
          </li>
        ))}
      </ul>
      <span className={styles.facts}>
        {[
          engineText(node),
          ...(node.cpus === undefined ? [] : [formatCount(node.cpus, 'CPU')]),
          ...(node.disk ? [`${formatBytes(node.disk.free)} free`] : []),
        ].join(' · ')}
      </span>
    </div>
  );
}
