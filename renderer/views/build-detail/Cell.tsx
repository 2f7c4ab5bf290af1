import { memo, type ReactNode } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { formatPlatform } from '../../../shared/format.ts';
import { Chip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { PhaseBadge, PhaseGlyph, stateOf } from '../../parts/PhaseBadge.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { Tooltip } from '../../parts/Tooltip.tsx';
import { openLog } from '../../stores/navigation.ts';
import { ActivityColumns } from './ActivityColumns.tsx';
import styles from './Cell.module.css';
import { type CellFacts, cellFacts } from './cell-facts.ts';
import { jobMenu } from './job-actions.ts';
import type { Source } from './source.ts';

export interface CellProps {
  readonly build: Build;
  readonly job: Job;
  readonly contextBytes: number | undefined;
  readonly source: Source | undefined;
  /** `card` stands beside others, `wide` is the only one, `row` is one of many. */
  readonly shape: 'card' | 'wide' | 'row';
  /** Its log is open. */
  readonly isOpen: boolean;
  /** Tab stops here; the arrow keys lead to the others. */
  readonly isStop: boolean;
  readonly onCancel: (job: Job) => void;
}

/** One platform of a build. All of it is a button that opens its log at the live end; its menu stands beside that. */
export const Cell = memo(function Cell({
  build,
  job,
  contextBytes,
  source,
  shape,
  isOpen,
  isStop,
  onCancel,
}: CellProps) {
  const facts = cellFacts(job, contextBytes, source);
  const Body = shape === 'row' ? Row : Card;
  return (
    <li className={classes(styles.cell, styles[shape], styles[stateOf(facts.phase)], isOpen && styles.isOpen)}>
      <button
        type="button"
        className={styles.open}
        aria-pressed={isOpen}
        data-cell={job.platform}
        tabIndex={isStop ? 0 : -1}
        onClick={() => openLog({ id: build.id, platform: job.platform })}
      >
        <span className="visually-hidden">{facts.label}. Open its log</span>
        <span className={styles.body} aria-hidden="true">
          <Body id={build.id} job={job} facts={facts} isBuildOver={build.status !== 'running'} />
        </span>
      </button>
      <div className={styles.menu}>
        <Menu
          trigger={
            <IconButton icon="more" size="small" label={`More about ${job.platform}`} tabIndex={isStop ? 0 : -1} />
          }
          items={jobMenu(build, job, onCancel)}
        />
      </div>
    </li>
  );
});

interface BodyProps {
  readonly id: string;
  readonly job: Job;
  readonly facts: CellFacts;
  readonly isBuildOver: boolean;
}

function Card({ id, job, facts, isBuildOver }: BodyProps) {
  return (
    <>
      <span className={styles.top}>
        <Platform job={job} />
        <Mode job={job} />
      </span>
      <span className={styles.node}>
        <Node job={job} />
        <span className={styles.cached}>{facts.cached}</span>
      </span>
      <span className={styles.phase}>
        <PhaseBadge phase={facts.phase} word={facts.word} />
        <Elapsed job={job} isBuildOver={isBuildOver} />
      </span>
      <Bar job={job} facts={facts} />
      <Doing facts={facts} />
      <span className={styles.numbers}>
        <Traffic facts={facts} />
        <ActivityColumns id={id} job={job} />
      </span>
      {facts.lost && <Lost>{facts.lost}</Lost>}
    </>
  );
}

function Row({ id, job, facts, isBuildOver }: BodyProps) {
  return (
    <>
      <span className={styles.who}>
        <PhaseGlyph phase={facts.phase} />
        <Platform job={job} />
        {job.mode === 'emulated' && <Mode job={job} />}
      </span>
      <Node job={job} />
      <PhaseWord facts={facts} />
      <Bar job={job} facts={facts} />
      {facts.lost ? <Lost>{facts.lost}</Lost> : <Doing facts={facts} />}
      <span className={styles.traffic}>
        {/* how much of the context that is, the bar says */}
        <Traffic facts={{ ...facts, sent: facts.sentShort }} />
      </span>
      <span className={styles.cached}>{facts.cached.replace(' cached', '')}</span>
      <span className={styles.activity}>
        <ActivityColumns id={id} job={job} />
      </span>
      <Elapsed job={job} isBuildOver={isBuildOver} />
    </>
  );
}

function PhaseWord({ facts }: { facts: CellFacts }) {
  return <span className={classes(styles.word, styles.ink)}>{facts.word.replace(' for a slot', '')}</span>;
}

function Platform({ job }: { job: Job }) {
  return (
    <span className={styles.platform} title={job.platform}>
      {formatPlatform(job.platform)}
    </span>
  );
}

function Mode({ job }: { job: Job }) {
  return job.mode === 'emulated' ? (
    <Chip kind="emulated" small>
      emulated
    </Chip>
  ) : (
    <span className={styles.native}>native</span>
  );
}

function Node({ job }: { job: Job }) {
  return (
    <Tooltip text={`${job.node}: ${job.reason}`}>
      <span className={styles.where}>
        <Icon name="node" size={14} />
        <span className="truncate">{job.node}</span>
      </span>
    </Tooltip>
  );
}

function Bar({ job, facts: { phase, progress, share } }: Pick<BodyProps, 'job' | 'facts'>) {
  const isIdle = job.status === 'queued' || share === undefined;
  return (
    <span className={styles.bar}>
      <ProgressBar
        label={`${job.platform}: progress`}
        value={share}
        max={1}
        phase={phase}
        hatched={job.mode === 'emulated'}
      />
      <span className={styles.count}>
        {progress && !(isIdle && job.status === 'queued') ? `${progress.index}/${progress.total}` : '–'}
      </span>
    </span>
  );
}

function Doing({ facts: { doing, detail, isCode } }: Pick<BodyProps, 'facts'>) {
  return (
    <Tooltip text={<span className={styles.whole}>{detail}</span>}>
      <span className={classes(styles.doing, isCode && styles.code)}>{doing}</span>
    </Tooltip>
  );
}

function Traffic({ facts: { sent, received } }: Pick<BodyProps, 'facts'>) {
  return (
    <>
      <Tooltip text="Sent to the node as context">
        <span className={styles.sent}>
          <Icon name="up" size={12} />
          {sent}
        </span>
      </Tooltip>
      <Tooltip text="Came back from the node">
        <span className={styles.received}>
          <Icon name="down" size={12} />
          {received}
        </span>
      </Tooltip>
    </>
  );
}

function Elapsed({ job, isBuildOver }: Pick<BodyProps, 'job' | 'isBuildOver'>) {
  // an interrupted job never says when it ended: its clock must not go on
  const isKnown = job.startedAt !== undefined && (!isBuildOver || job.durationMs !== undefined);
  return <span className={styles.elapsed}>{isKnown ? <Clock since={job.startedAt} ms={job.durationMs} /> : '–'}</span>;
}

function Lost({ children }: { children: ReactNode }) {
  return (
    <span className={styles.lost}>
      <Icon name="warning" size={14} />
      <span className="truncate">{children}</span>
    </span>
  );
}
