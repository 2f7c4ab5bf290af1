import { useMemo } from 'react';
import { unusableEmulatorText } from '../../../shared/emulation.ts';
import { formatBytes, formatCount, formatDuration } from '../../../shared/format.ts';
import { engineText, type Node, type NodeStatus, nodeStateOf } from '../../../shared/node.ts';
import { modesOf } from '../../../shared/schedule.ts';
import type { SetAside } from '../../../shared/set-aside.ts';
import { setAsideText } from '../../../shared/set-aside-text.ts';
import { Button } from '../../parts/Button.tsx';
import { PlatformChip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { HealthDot, healthWord } from '../../parts/HealthDot.tsx';
import { HoldNote } from '../../parts/HoldNote.tsx';
import { holdItems } from '../../parts/hold-items.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { LazyNodeCharts } from '../../parts/LazyNodeCharts.tsx';
import { Menu, type MenuItem } from '../../parts/Menu.tsx';
import { FixText } from '../../parts/ProblemNote.tsx';
import { Meter } from '../../parts/ProgressBar.tsx';
import { RetryCountdown } from '../../parts/RetryCountdown.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { useLimitTexts } from '../../parts/use-limit-texts.ts';
import { useRunningJobCount } from '../../stores/builds.ts';
import { useConnections } from '../../stores/connections.ts';
import { addNodes, clearSetAside, moveNode, probeNodes, removeNode } from '../../stores/farm-actions.ts';
import { useFarms } from '../../stores/farms.ts';
import { askToFreeDisk } from '../../stores/free-disk.ts';
import { hrefOf, navigate, openSheet } from '../../stores/navigation.ts';
import { draggableNode } from '../../stores/node-drag.ts';
import { useHealth, useNode, useNodes } from '../../stores/nodes.ts';
import { useHold } from '../../stores/queue.ts';
import { useSamples } from '../../stores/samples.ts';
import { useSettings } from '../../stores/settings.ts';
import styles from './NodeCard.module.css';

export interface NodeCardProps {
  readonly name: string;
  readonly farm: string;
  /** True while a folder is dragged over the window. Highlights the platforms that the node would build. */
  readonly isHighlighted?: boolean;
  /** True inside a popover, which has a border and a title of its own. */
  readonly isEmbedded?: boolean;
}

/** Shows the engine, platforms, load and free space of a node, or why it is down. */
export function NodeCard({ name, farm, isHighlighted = false, isEmbedded = false }: NodeCardProps) {
  const status = useNode(name);
  const health = useHealth(name);
  const isProbing = useNodes(({ probing }) => probing.has(name));
  const isDown = status?.state === 'down';
  const hold = useHold(name);
  const canMove = useFarms(({ farms }) => farms.length > 1) && !isEmbedded;
  return (
    <article
      aria-label={name}
      className={classes(
        styles.card,
        isEmbedded && styles.embedded,
        isDown && (health === 'lost' ? styles.isLost : styles.isDown),
        isHighlighted && status?.state === 'up' && styles.highlighted,
      )}
      {...contextMenu(() => nodeItems(name, farm))}
    >
      <header
        className={classes(styles.head, canMove && styles.canMove)}
        {...(canMove ? draggableNode({ connection: name, from: farm }) : {})}
      >
        <HealthDot health={health} />
        {isEmbedded ? (
          <span className={styles.name}>{isDown ? '' : healthWord(health)}</span>
        ) : (
          <h2 className={styles.name} title={name}>
            {name}
          </h2>
        )}
        {isProbing && status && <Spinner />}
        {isDown && health !== 'lost' && <span className={styles.downStatus}>{healthWord(health)}</span>}
        <NodeMenu name={name} farm={farm} />
      </header>
      {hold && (
        <div>
          <HoldNote hold={hold} />
        </div>
      )}
      {status?.state === 'up' ? (
        <>
          {status.setAside && <SetAsideNote name={name} setAside={status.setAside} />}
          <NodeFacts node={status.node} sameMachineAs={status.sameMachineAs} lit={isHighlighted} />
        </>
      ) : status ? (
        <>
          <Down name={name} status={status} isProbing={isProbing} />
          <LazyNodeCharts name={name} node={undefined} />
        </>
      ) : (
        <NotProbed name={name} isProbing={isProbing} />
      )}
    </article>
  );
}

/** Why a node gets no jobs although it answers, and how to change that. */
function SetAsideNote({ name, setAside }: { name: string; setAside: SetAside }) {
  const { problem } = setAside;
  const text = setAsideText(setAside);
  return (
    <div className={styles.setAside}>
      <p className={styles.lostStatus}>
        <Icon name="warning" size={14} />
        <span>{`${text[0]?.toUpperCase()}${text.slice(1)}`}</span>
      </p>
      <p className={styles.setAsideProblem} title={problem.message}>
        {problem.message}
      </p>
      <Button size="small" icon="refresh" onClick={() => clearSetAside(name)}>
        Use again
      </Button>
    </div>
  );
}

interface NodeFactsProps {
  readonly node: Node;
  /** Another connection to its machine. */
  readonly sameMachineAs: string | undefined;
  readonly lit: boolean;
}

function NodeFacts({ node, sameMachineAs, lit }: NodeFactsProps) {
  const jobs = useRunningJobCount(node.connection);
  const slots = useSettings(({ settings }) => settings.jobsPerNode);
  const { disk, memory, cpus, load, buildCache } = node;
  // the charts say the same, and more
  const hasCharts = useSamples(({ byNode }) => (byNode[node.connection]?.length ?? 0) > 0);
  return (
    <>
      <p className={styles.engine}>
        <span className={styles.truncated}>
          {engineText(node)}
          {node.distribution && <span className={styles.system}> · {node.distribution}</span>}
        </span>
        <span className={styles.latency} title="Latency of one small request">
          {formatLatency(node.latencyMs)}
        </span>
      </p>
      <ul className={styles.platforms} aria-label={`Platforms of ${node.connection}`}>
        {[...modesOf(node)].map(([platform, mode]) => (
          <li key={platform} className={lit && platform === node.platform ? styles.highlightedChip : undefined}>
            <PlatformChip platform={platform} kind={mode} small />
          </li>
        ))}
      </ul>
      {sameMachineAs !== undefined && (
        <p className={styles.sameMachine}>
          <Icon name="warning" size={14} />
          <span>
            Same machine as <a href={hrefOf({ view: 'connections', name: sameMachineAs })}>{sameMachineAs}</a>: both
            share its slots.
          </span>
        </p>
      )}
      <dl className={styles.levels}>
        {!hasCharts && (load !== undefined || cpus !== undefined) && (
          <Level
            label="Load"
            meter={
              load !== undefined && <Meter label={`Load of ${node.connection}`} value={load} max={cpus ?? 1} plain />
            }
            text={[load?.toFixed(1), cpus && formatCount(cpus, 'core')].filter(Boolean).join(' of ')}
          />
        )}
        <Level
          label="Slots"
          meter={<Meter label={`Slots of ${node.connection}`} value={jobs} max={slots} plain />}
          text={`${jobs} of ${slots} in use`}
        />
        {!hasCharts && (
          <>
            <SpaceLevel label="Disk" node={node.connection} space={disk} />
            <SpaceLevel label="Memory" node={node.connection} space={memory} />
          </>
        )}
        {buildCache && (
          <Level
            label="Cache"
            meter={
              buildCache.limit !== undefined && (
                <Meter
                  label={`Build cache of ${node.connection}`}
                  value={buildCache.size}
                  max={buildCache.limit}
                  plain
                />
              )
            }
            text={
              buildCache.limit === undefined
                ? formatBytes(buildCache.size)
                : `${formatBytes(buildCache.size)} of ${formatBytes(buildCache.limit)}`
            }
          />
        )}
      </dl>
      <LazyNodeCharts name={node.connection} node={node} />
      <Limits texts={[...useLimitTexts(node).limits, ...emulatorTexts(node)]} />
    </>
  );
}

/** The details of the connection have the commands that change it. */
function emulatorTexts({ unusableEmulators = [] }: Node): string[] {
  return unusableEmulators.map((emulator) => `It ${unusableEmulatorText(emulator)}.`);
}

/** What a node cannot do. Folded: few builds need it. */
function Limits({ texts }: { texts: readonly string[] }) {
  return (
    texts.length > 0 && (
      <details className={styles.limits}>
        <summary>{formatCount(texts.length, 'limit')}</summary>
        <ul>
          {texts.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </details>
    )
  );
}

/** Space of a node. Nothing if it is not known, since no commands can be run there. */
function SpaceLevel({ label, node, space }: { label: string; node: string; space: Node['disk'] }) {
  if (!space) {
    return null;
  }
  const { free, total } = space;
  return (
    <Level
      label={label}
      meter={<Meter label={`${label} of ${node}`} value={total - free} max={total} />}
      text={`${formatBytes(free)} free`}
      isLow={free < total * 0.1}
    />
  );
}

interface LevelProps {
  readonly label: string;
  readonly meter: React.ReactNode;
  readonly text: string;
  readonly isLow?: boolean;
}

function Level({ label, meter, text, isLow = false }: LevelProps) {
  return (
    <div className={styles.level}>
      <dt>{label}</dt>
      <dd className={styles.meter}>{meter}</dd>
      <dd className={classes(styles.text, isLow && styles.low)}>
        {text}
        {isLow && <span className="visually-hidden">, low</span>}
      </dd>
    </div>
  );
}

interface DownProps {
  readonly name: string;
  readonly status: Extract<NodeStatus, { state: 'down' }>;
  readonly isProbing: boolean;
}

function Down({ name, status, isProbing }: DownProps) {
  const { problem, retry, neverReached } = status;
  return (
    <div className={styles.problem}>
      {retry && (
        <p className={styles.lostStatus}>
          <Icon name="lost" size={14} />
          <span>
            {healthWord(nodeStateOf(status))}, <RetryCountdown retry={retry} isFirst={neverReached} />
          </span>
        </p>
      )}
      <p>{problem.message}</p>
      <details className={styles.fix}>
        <summary>What to do</summary>
        <p>
          <FixText text={problem.fix} />
        </p>
        {retry && retry.attempt > 1 && <p>Tried {formatCount(retry.attempt - 1, 'time')} automatically so far.</p>}
        {problem.detail && <pre>{problem.detail}</pre>}
      </details>
      <Button size="small" icon="refresh" busy={isProbing} onClick={() => probeNodes([name])}>
        {retry ? 'Retry now' : 'Check again'}
      </Button>
    </div>
  );
}

function NotProbed({ name, isProbing }: { name: string; isProbing: boolean }) {
  const uri = useConnections(({ connections }) => connections.find((connection) => connection.name === name)?.uri);
  return (
    <>
      <p className={styles.engine}>
        <code className={styles.truncated}>{uri}</code>
      </p>
      {isProbing ? (
        <output className={styles.checking}>
          <Spinner />
          Checking what it can build
        </output>
      ) : (
        <div className={styles.problem}>
          <p>Not checked yet.</p>
          <Button size="small" icon="refresh" onClick={() => probeNodes([name])}>
            Check
          </Button>
        </div>
      )}
      <div className={styles.skeleton} aria-hidden="true">
        <span />
        <span />
        <span />
      </div>
    </>
  );
}

function NodeMenu({ name, farm }: { name: string; farm: string }) {
  const farms = useFarms((state) => state.farms);
  const items = useMemo(() => nodeItems(name, farm, farms), [farms, farm, name]);
  return <Menu trigger={<IconButton icon="more" label={`More actions for ${name}`} size="small" />} items={items} />;
}

/** The menu of a node of a farm. */
export function nodeItems(name: string, farm: string, farms = useFarms.getState().farms): MenuItem[] {
  const others = farms.filter((other) => other.name !== farm && !other.connections.includes(name));
  return [
    { label: 'Check again', icon: 'refresh', run: () => probeNodes([name]) },
    {
      label: 'Show connection',
      icon: 'connections',
      run: () => navigate({ view: 'connections', name }),
    },
    ...(isSetAside(name) ? [{ label: 'Use again', icon: 'refresh' as const, run: () => clearSetAside(name) }] : []),
    { label: 'Disk use', icon: 'disk', run: () => openSheet({ sheet: 'storage', node: name }) },
    { label: 'Free disk space…', icon: 'disk', run: () => askToFreeDisk([name]) },
    'separator',
    ...holdItems(name),
    ...(others.length > 0 ? ['separator' as const] : []),
    ...others.flatMap((other): MenuItem[] => [
      { label: `Move to ${other.name}`, icon: 'chevron-right', run: () => moveNode(name, farm, other.name) },
      { label: `Also add to ${other.name}`, icon: 'plus', run: () => addNodes(other.name, [name]) },
    ]),
    'separator',
    { label: 'Remove from farm', icon: 'minus', run: () => removeNode(farm, name) },
  ];
}

function isSetAside(name: string): boolean {
  const status = useNodes.getState().byName[name];
  return status?.state === 'up' && status.setAside !== undefined;
}

/** `0.4 ms`, `14 ms`, `1.2 s`. */
function formatLatency(milliseconds: number): string {
  if (milliseconds >= 1000) {
    return formatDuration(milliseconds);
  }
  return milliseconds < 10 ? `${Number(milliseconds.toFixed(1))} ms` : `${Math.round(milliseconds)} ms`;
}
