import { type CSSProperties, useState } from 'react';
import {
  formatCount,
  formatDuration,
  formatPlatform,
  formatReferenceShort,
  formatTimeOfDay,
} from '../../../shared/format.ts';
import type { NodeQueueState, QueueJob } from '../../../shared/queue.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { HoldNote } from '../../parts/HoldNote.tsx';
import { holdItems } from '../../parts/hold-items.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { useNow } from '../../parts/use-now.ts';
import { hrefOf } from '../../stores/navigation.ts';
import styles from './Queue.module.css';
import { type Bar, horizonOf, type Lane, laneOf, ticksOf } from './timeline.ts';

/** A lane for each node: what it runs, what waits for it, and until when. All lanes have the same time axis. */
export function NodeLanes({ nodes }: { readonly nodes: readonly NodeQueueState[] }) {
  const now = useNow();
  /** The build whose jobs are emphasized. */
  const [pointed, setPointed] = useState<string>();
  const lanes = nodes.map((node) => laneOf(node, now));
  const horizon = horizonOf(lanes, now);
  const ticks = ticksOf(horizon - now);
  return (
    <div className={styles.lanes}>
      <div className={styles.axis} aria-hidden="true">
        <span>now</span>
        {ticks.map((ms) => (
          <span key={ms} style={{ '--at': ms / (horizon - now) } as CSSProperties}>
            {formatDuration(ms)}
          </span>
        ))}
      </div>
      <ul className={styles.laneList}>
        {nodes.map((node, index) => (
          <NodeLane
            key={node.id}
            node={node}
            lane={lanes[index] ?? { rows: [], later: [] }}
            scale={{ now, horizon }}
            pointed={pointed}
            onPoint={setPointed}
          />
        ))}
      </ul>
    </div>
  );
}

interface NodeLaneProps {
  readonly node: NodeQueueState;
  readonly lane: Lane;
  readonly scale: { readonly now: number; readonly horizon: number };
  readonly pointed: string | undefined;
  readonly onPoint: (build: string | undefined) => void;
}

function NodeLane({ node, lane, scale, pointed, onPoint }: NodeLaneProps) {
  const { connections, slots, jobs, others = 0 } = node;
  const names = connections.map(({ name }) => name).join(', ');
  const [first] = connections;
  const running = jobs.filter(({ state }) => state === 'running').length + others;
  const items = connections.flatMap(({ name, hold }) => holdItems(name, hold));
  return (
    <li className={styles.lane} aria-label={names} {...contextMenu(() => items)}>
      <div className={styles.laneHead}>
        <a
          href={hrefOf({ view: 'connections', ...(first ? { name: first.name } : {}) })}
          className={styles.node}
          title={names}
        >
          {names}
        </a>
        <span className={styles.slots}>
          {running} of {formatCount(slots, 'slot')}
        </span>
        {connections.map(({ name, hold }) => hold && <HoldNote key={name} hold={hold} className={styles.hold} />)}
        <Menu trigger={<IconButton icon="more" label={`More actions for ${names}`} size="small" />} items={items} />
      </div>
      <div className={styles.track}>
        {lane.rows.map((row) => (
          <div key={row[0]?.job.id} className={styles.row}>
            {row.map((bar) => (
              <JobBar
                key={bar.job.id}
                bar={bar}
                scale={scale}
                isPointed={pointed === bar.job.buildId}
                onPoint={onPoint}
              />
            ))}
          </div>
        ))}
        {lane.later.length > 0 && (
          <div className={styles.later}>
            {lane.later.map((job) => (
              <JobChip key={job.id} job={job} isPointed={pointed === job.buildId} onPoint={onPoint} />
            ))}
          </div>
        )}
        {jobs.length === 0 && <span className={styles.idle}>{others > 0 ? '' : 'Idle'}</span>}
        {others > 0 && (
          <span className={styles.idle}>{formatCount(others, 'job')} of another version of Barnraiser</span>
        )}
      </div>
    </li>
  );
}

interface JobBarProps {
  readonly bar: Bar;
  readonly scale: NodeLaneProps['scale'];
  readonly isPointed: boolean;
  readonly onPoint: NodeLaneProps['onPoint'];
}

function JobBar({ bar: { job, from, to }, scale: { now, horizon }, isPointed, onPoint }: JobBarProps) {
  const span = horizon - now;
  const style = {
    '--from': (from - now) / span,
    '--length': ((to ?? horizon) - from) / span,
  } as CSSProperties;
  return (
    <a
      href={hrefOf({ view: 'build', id: job.buildId })}
      style={style}
      title={describe(job)}
      aria-label={labelOf(job)}
      className={classes(
        styles.bar,
        job.state === 'running' ? styles.running : styles.waiting,
        to === undefined && styles.open,
        isPointed && styles.pointed,
      )}
      onPointerEnter={() => onPoint(job.buildId)}
      onPointerLeave={() => onPoint(undefined)}
    >
      <span className={styles.platform}>{formatPlatform(job.platform)}</span>{' '}
      <span className={styles.name}>{formatReferenceShort(job.reference)}</span>
    </a>
  );
}

/** A waiting job whose start is not known. */
function JobChip({ job, isPointed, onPoint }: Omit<JobBarProps, 'bar' | 'scale'> & { readonly job: QueueJob }) {
  return (
    <a
      href={hrefOf({ view: 'build', id: job.buildId })}
      title={describe(job)}
      aria-label={labelOf(job)}
      className={classes(styles.chip, isPointed && styles.pointed)}
      onPointerEnter={() => onPoint(job.buildId)}
      onPointerLeave={() => onPoint(undefined)}
    >
      <span className={styles.platform}>{formatPlatform(job.platform)}</span>{' '}
      <span className={styles.name}>{formatReferenceShort(job.reference)}</span>
    </a>
  );
}

/** @texts */
const waits: Readonly<Record<NonNullable<QueueJob['reason']>, string>> = {
  slot: 'waiting',
  'node-paused': 'waiting: the node is paused',
  'build-paused': 'waiting: the build is paused',
  'queue-paused': 'waiting: the queue is paused',
};

/** What is written on a bar, and what only its place and color say: `arm64 api:1.4, waiting, starts at about 14:03`. */
function labelOf(job: QueueJob): string {
  return [`${formatPlatform(job.platform)} ${formatReferenceShort(job.reference)}`, ...factsOf(job)].join(', ');
}

/** `linux/arm64 of api:1.4, waiting, starts at about 14:03, ends at about 14:07`. */
function describe(job: QueueJob): string {
  return [`${job.platform} of ${job.reference}`, ...factsOf(job)].join(', ');
}

function factsOf({ state, reason = 'slot', startsAt, endsAt, priority, ofOtherProcess }: QueueJob): string[] {
  const at = (time: string): string => formatTimeOfDay(Date.parse(time)).slice(0, 5);
  return [
    state === 'running' ? wordOf(state) : waits[reason],
    ...(startsAt === undefined ? [] : [`starts at about ${at(startsAt)}`]),
    ...(endsAt === undefined ? [] : [`ends at about ${at(endsAt)}`]),
    ...(priority === 'normal' ? [] : [`${wordOf(priority)} priority`]),
    ...(ofOtherProcess ? ['of another Barnraiser process'] : []),
  ];
}
