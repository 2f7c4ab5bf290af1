import { useMemo } from 'react';
import { modeOf } from '../../../shared/farm.ts';
import { formatBytes, formatCount, formatDuration } from '../../../shared/format.ts';
import type { Node } from '../../../shared/node.ts';
import type { Problem } from '../../../shared/problem.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Meter } from '../../parts/ProgressBar.tsx';
import { type Retry, RetryWords } from '../../parts/Retry.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { useJobsOn } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { addNodes, moveNode, probeNodes, removeNode } from '../../stores/farm-actions.ts';
import { useFarms } from '../../stores/farms.ts';
import { navigate } from '../../stores/navigation.ts';
import { draggableNode } from '../../stores/node-drag.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import styles from './NodeCard.module.css';

export interface NodeCardProps {
  readonly name: string;
  readonly farm: string;
  /** A folder is held over the window: what this node would build shines. */
  readonly lit?: boolean;
  /** Inside of something that has a frame and a title of its own. */
  readonly plain?: boolean;
}

/** A node of a farm: what it is, what it can build, how busy and how full it is; or why it is not there. */
export function NodeCard({ name, farm, lit = false, plain = false }: NodeCardProps) {
  const status = useNode(name);
  const health = useHealth(name);
  const isAsked = useNodes(({ probing }) => probing.has(name));
  const isDown = status?.state === 'down';
  const canMove = useFarms(({ farms }) => farms.length > 1) && !plain;
  return (
    <article
      aria-label={name}
      className={classes(
        styles.card,
        plain && styles.plain,
        isDown && (health === 'lost' ? styles.isLost : styles.isDown),
        lit && status?.state === 'up' && styles.lit,
      )}
    >
      <header
        className={classes(styles.head, canMove && styles.canMove)}
        {...(canMove ? draggableNode({ connection: name, from: farm }) : {})}
      >
        <HealthDot health={health} />
        {plain ? (
          <span className={styles.name}>{isDown ? '' : healthWord(health)}</span>
        ) : (
          <h2 className={styles.name} title={name}>
            {name}
          </h2>
        )}
        {isAsked && status && <Spinner />}
        {health === 'down' && <span className={styles.downWord}>Down</span>}
        <NodeMenu name={name} farm={farm} />
      </header>
      {status?.state === 'up' ? (
        <Facts node={status.node} lit={lit} />
      ) : status ? (
        <Down name={name} problem={status.problem} retry={status.retry} isAsked={isAsked} />
      ) : (
        <NotKnown name={name} isAsked={isAsked} />
      )}
    </article>
  );
}

function Facts({ node, lit }: { node: Node; lit: boolean }) {
  const jobs = useJobsOn(node.connection);
  const { disk, memory, cpus } = node;
  return (
    <>
      <p className={styles.engine}>
        <span className={styles.truncated}>
          {node.engine} {node.version}
          {node.distribution && <span className={styles.system}> · {node.distribution}</span>}
        </span>
        <span className={styles.latency} title="Time of one small request">
          {formatLatency(node.latencyMs)}
        </span>
      </p>
      <ul className={styles.platforms} aria-label={`Platforms of ${node.connection}`}>
        {[...new Set([node.platform, ...node.emulated])].map((platform) => (
          <li key={platform} className={lit && platform === node.platform ? styles.litChip : undefined}>
            <PlatformChip platform={platform} kind={modeOf(node, platform) ?? 'emulated'} small />
          </li>
        ))}
      </ul>
      <dl className={styles.levels}>
        <Level
          label="Load"
          meter={<Meter label={`Load of ${node.connection}`} value={jobs} max={cpus} plain />}
          words={`${formatCount(jobs, 'job')} of ${formatCount(cpus, 'cpu')}`}
        />
        <Level
          label="Disk"
          meter={<Meter label={`Disk of ${node.connection}`} value={disk.total - disk.free} max={disk.total} />}
          words={`${formatBytes(disk.free)} free`}
          low={disk.free < disk.total * 0.1}
        />
        <Level
          label="Memory"
          meter={<Meter label={`Memory of ${node.connection}`} value={memory.total - memory.free} max={memory.total} />}
          words={`${formatBytes(memory.free)} free`}
          low={memory.free < memory.total * 0.1}
        />
      </dl>
    </>
  );
}

interface LevelProps {
  readonly label: string;
  readonly meter: React.ReactNode;
  readonly words: string;
  readonly low?: boolean;
}

function Level({ label, meter, words, low = false }: LevelProps) {
  return (
    <div className={styles.level}>
      <dt>{label}</dt>
      <dd className={styles.meter}>{meter}</dd>
      <dd className={classes(styles.words, low && styles.low)}>
        {words}
        {low && <span className="visually-hidden">, low</span>}
      </dd>
    </div>
  );
}

interface DownProps {
  readonly name: string;
  readonly problem: Problem;
  readonly retry: Retry | undefined;
  readonly isAsked: boolean;
}

function Down({ name, problem, retry, isAsked }: DownProps) {
  return (
    <div className={styles.problem}>
      {retry && (
        <p className={styles.lostWord}>
          <Icon name="lost" size={14} />
          <span>
            Lost, <RetryWords retry={retry} />
          </span>
        </p>
      )}
      <p>{problem.message}</p>
      <details className={styles.fix}>
        <summary>What to do</summary>
        <p>
          <FixText text={problem.fix} />
        </p>
        {retry && retry.attempt > 1 && <p>Tried {formatCount(retry.attempt - 1, 'time')} by itself so far.</p>}
        {problem.detail && <pre>{problem.detail}</pre>}
      </details>
      <Button size="small" icon="refresh" busy={isAsked} onClick={() => probeNodes([name])}>
        {retry ? 'Try now' : 'Probe again'}
      </Button>
    </div>
  );
}

function NotKnown({ name, isAsked }: { name: string; isAsked: boolean }) {
  const uri = useConnections(({ connections }) => connections.find((each) => each.name === name)?.uri);
  return (
    <>
      <p className={styles.engine}>
        <code className={styles.truncated}>{uri}</code>
      </p>
      {isAsked ? (
        <output className={styles.asking}>
          <Spinner />
          Asking what it can build
        </output>
      ) : (
        <div className={styles.problem}>
          <p>Nobody has asked it yet.</p>
          <Button size="small" icon="refresh" onClick={() => probeNodes([name])}>
            Probe
          </Button>
        </div>
      )}
      <div className={styles.bones} aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    </>
  );
}

function NodeMenu({ name, farm }: { name: string; farm: string }) {
  const farms = useFarms((state) => state.farms);
  const items = useMemo<MenuItem[]>(() => {
    const others = farms.filter((other) => other.name !== farm && !other.connections.includes(name));
    return [
      { label: 'Probe again', icon: 'refresh', run: () => probeNodes([name]) },
      {
        label: 'Show connection',
        icon: 'connections',
        run: () => navigate({ view: 'connections', name }),
      },
      ...(others.length > 0 ? ['separator' as const] : []),
      ...others.flatMap((other): MenuItem[] => [
        { label: `Move to ${other.name}`, icon: 'chevron-right', run: () => moveNode(name, farm, other.name) },
        { label: `Use in ${other.name} too`, icon: 'plus', run: () => addNodes(other.name, [name]) },
      ]),
      'separator',
      { label: 'Remove from farm', icon: 'minus', run: () => removeNode(farm, name) },
    ];
  }, [farms, farm, name]);
  return <Menu trigger={<IconButton icon="more" label={`More about ${name}`} size="small" />} items={items} />;
}

/** `0.4 ms`, `14 ms`, `1.2 s`. */
function formatLatency(milliseconds: number): string {
  if (milliseconds >= 1000) {
    return formatDuration(milliseconds);
  }
  return milliseconds < 10 ? `${Number(milliseconds.toFixed(1))} ms` : `${Math.round(milliseconds)} ms`;
}
