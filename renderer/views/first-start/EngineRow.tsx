import { useRef, useState } from 'react';
import { modeOf } from '../../../shared/farm.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import { HealthDot } from '../../parts/HealthDot.tsx';
import { Icon, type IconName } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { Switch } from '../../parts/Switch.tsx';
import { probeNodes } from '../../stores/farm-actions.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import type { Engine } from './engines.ts';
import styles from './FirstStart.module.css';

const sources: Readonly<Record<Engine['source'], { readonly words: string; readonly icon: IconName }>> = {
  local: { words: 'This computer', icon: 'log' },
  'ssh-config': { words: 'From ~/.ssh/config', icon: 'node' },
  podman: { words: 'One of podman’s connections', icon: 'package' },
  'containers-conf': { words: 'From containers.conf', icon: 'package' },
  docker: { words: 'A Docker context', icon: 'package' },
  file: { words: 'From a file', icon: 'file' },
  added: { words: 'Added by you', icon: 'connections' },
};

interface EngineRowProps {
  readonly engine: Engine;
  readonly isOn: boolean;
  /** Resolves when it is switched. @throws Failure, which is shown here */
  readonly onSwitch: (on: boolean) => Promise<void>;
}

/** One thing that could build: its switch, and what it said when it was asked. */
export function EngineRow({ engine, isOn, onSwitch }: EngineRowProps) {
  const { name, uri, source, connection, candidate } = engine;
  const [problem, setProblem] = useState<Problem>();
  const busy = useRef(false);
  const { words, icon } = sources[source];

  async function change(on: boolean): Promise<void> {
    // a second press while the first is on its way means the same
    if (busy.current) {
      return;
    }
    busy.current = true;
    setProblem(undefined);
    try {
      await onSwitch(on);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      busy.current = false;
    }
  }

  return (
    <li className={styles.engine}>
      <div className={styles.sign}>{connection ? <Health name={name} /> : <Icon name={icon} />}</div>
      <div className={styles.about}>
        <Switch
          label={<span className={styles.engineName}>{name}</span>}
          description={
            <span className={styles.where}>
              {words} · <code>{uri}</code>
              {!connection &&
                candidate?.notes.map((note) => (
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
        {connection && <Answer name={connection.name} isOn={isOn} />}
      </div>
    </li>
  );
}

function Health({ name }: { name: string }) {
  return <HealthDot health={useHealth(name)} />;
}

/** What it said. One that is switched off is not worth a problem. */
function Answer({ name, isOn }: { name: string; isOn: boolean }) {
  const status = useNode(name);
  const isAsked = useNodes(({ probing }) => probing.has(name));
  if (!status) {
    return isAsked && isOn ? (
      <output className={styles.asking}>
        <Spinner /> Asking {name} what it can build
      </output>
    ) : null;
  }
  if (status.state === 'up') {
    return <Found node={status.node} />;
  }
  return isOn ? (
    <ProblemNote
      problem={status.problem}
      actions={
        <Button size="small" icon="refresh" busy={isAsked} onClick={() => probeNodes([name])}>
          Probe again
        </Button>
      }
    />
  ) : null;
}

function Found({ node }: { node: Node }) {
  return (
    <div className={styles.found}>
      <ul className={styles.chips} aria-label={`Platforms of ${node.connection}`}>
        {[...new Set([node.platform, ...node.emulated])].map((platform) => (
          <li key={platform}>
            <PlatformChip platform={platform} kind={modeOf(node, platform) ?? 'emulated'} small />
          </li>
        ))}
      </ul>
      <span className={styles.facts}>
        {node.engine} {node.version} · {formatCount(node.cpus, 'cpu')} · {formatBytes(node.disk.free)} free
      </span>
    </div>
  );
}
