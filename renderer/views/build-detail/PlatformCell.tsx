import { memo, type ReactNode } from 'react';
import type { Build, Job } from '../../../shared/build.ts';
import { remainingText } from '../../../shared/estimate-text.ts';
import { formatPlatform } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { movesOf, secondText } from '../../../shared/moves.ts';
import { Chip } from '../../parts/Chip.tsx';
import { classes } from '../../parts/classes.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { MiddleEllipsis } from '../../parts/MiddleEllipsis.tsx';
import { PhaseBadge, PhaseGlyph, phaseState } from '../../parts/PhaseBadge.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { Tooltip } from '../../parts/Tooltip.tsx';
import { useNow } from '../../parts/use-now.ts';
import { openLog } from '../../stores/navigation.ts';
import { ActivityColumns } from './ActivityColumns.tsx';
import { jobMenuItems } from './build-actions.ts';
import { type CellFacts, cellFacts } from './cell-facts.ts';
import styles from './PlatformCell.module.css';

export interface PlatformCellProps {
  readonly build: Build;
  readonly job: Job;
  readonly contextBytes: number | undefined;
  /** `wide` for a single platform, `card` for a few, `row` for many. */
  readonly shape: 'card' | 'wide' | 'row';
  /** Whether the log of the platform is open. */
  readonly isOpen: boolean;
  /** Whether the Tab key stops here; arrow keys move to the other cells. */
  readonly isTabStop: boolean;
  readonly onCancel: (job: Job) => void;
}

/** One platform of a build: a button that opens the log at its end, and a menu. */
export const PlatformCell = memo(function PlatformCell({
  build,
  job,
  contextBytes,
  shape,
  isOpen,
  isTabStop,
  onCancel,
}: PlatformCellProps) {
  const facts = cellFacts(job, contextBytes);
  const Body = shape === 'row' ? Row : Card;
  return (
    <li
      className={classes(styles.cell, styles[shape], styles[phaseState(facts.phase)], isOpen && styles.isOpen)}
      {...contextMenu(() => jobMenuItems(build, job, onCancel))}
    >
      <button
        type="button"
        className={styles.open}
        aria-pressed={isOpen}
        data-cell={job.platform}
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => openLog({ id: build.id, platform: job.platform })}
      >
        <span className="visually-hidden">{facts.label}. Open log</span>
        <span className={styles.body} aria-hidden="true">
          <Body id={build.id} job={job} facts={facts} hasBuildEnded={build.status !== 'running'} />
        </span>
      </button>
      <div className={styles.menu}>
        <Menu
          trigger={
            <IconButton icon="more" size="small" label={`More about ${job.platform}`} tabIndex={isTabStop ? 0 : -1} />
          }
          items={jobMenuItems(build, job, onCancel)}
        />
      </div>
    </li>
  );
});

interface BodyProps {
  readonly id: string;
  readonly job: Job;
  readonly facts: CellFacts;
  readonly hasBuildEnded: boolean;
}

function Card({ id, job, facts, hasBuildEnded }: BodyProps) {
  return (
    <>
      <span className={styles.top}>
        <PlatformName job={job} />
        <ModeBadge job={job} />
      </span>
      <span className={styles.node}>
        <NodeName job={job} />
        <span className={styles.cached}>{facts.cached}</span>
      </span>
      <span className={styles.phase}>
        <PhaseBadge phase={facts.phase} word={facts.phaseText} />
        {!hasBuildEnded && <Remaining job={job} />}
        <Elapsed job={job} hasBuildEnded={hasBuildEnded} />
      </span>
      <Bar job={job} facts={facts} />
      <ActivityText facts={facts} />
      <span className={styles.numbers}>
        <Traffic facts={facts} />
        <ActivityColumns id={id} job={job} hasRate />
      </span>
      {isStartedTwice(job) && <SecondNode job={job} />}
      {facts.lostNodes && <LostNodes job={job}>{facts.lostNodes}</LostNodes>}
    </>
  );
}

function Row({ id, job, facts, hasBuildEnded }: BodyProps) {
  return (
    <>
      <span className={styles.identity}>
        <PhaseGlyph phase={facts.phase} />
        <PlatformName job={job} />
        {job.mode === 'emulated' && <ModeBadge job={job} />}
      </span>
      <span className={styles.nodes}>
        <NodeName job={job} />
        {isStartedTwice(job) && <SecondNode job={job} />}
      </span>
      <PhaseText facts={facts} />
      <Bar job={job} facts={facts} />
      {facts.lostNodes ? <LostNodes job={job}>{facts.lostNodes}</LostNodes> : <ActivityText facts={facts} />}
      <span className={styles.traffic}>
        {/* the progress bar shows the share of the context */}
        <Traffic facts={{ ...facts, sent: facts.sentWithoutTotal }} />
      </span>
      <span className={styles.cached}>{facts.cached.replace(' cached', '')}</span>
      <span className={styles.activity}>
        <ActivityColumns id={id} job={job} />
      </span>
      <Elapsed job={job} hasBuildEnded={hasBuildEnded} />
    </>
  );
}

function PhaseText({ facts }: { facts: CellFacts }) {
  // the column is narrow: "Transferring"
  const text = facts.phaseText.replace(/ image$/, '');
  return <span className={classes(styles.phaseText, styles.ink)}>{text}</span>;
}

function PlatformName({ job }: { job: Job }) {
  return (
    <span className={styles.platform} title={job.platform}>
      {formatPlatform(job.platform)}
    </span>
  );
}

function ModeBadge({ job }: { job: Job }) {
  if (job.foundIn) {
    return null;
  }
  return job.mode === 'emulated' ? (
    <Chip kind="emulated" small>
      emulated
    </Chip>
  ) : (
    <span className={styles.native}>native</span>
  );
}

function NodeName({ job }: { job: Job }) {
  return job.foundIn ? (
    <span className={styles.nodeName}>{foundInTexts[job.foundIn]}</span>
  ) : (
    <Tooltip text={`${job.node}: ${job.reason}`}>
      <span className={styles.nodeName}>
        <Icon name="node" size={14} />
        <MiddleEllipsis text={job.node} />
      </span>
    </Tooltip>
  );
}

function Bar({ job, facts: { phase, step, share } }: Pick<BodyProps, 'job' | 'facts'>) {
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
        {step && !(isIdle && job.status === 'queued') ? `${step.index}/${step.total}` : '–'}
      </span>
    </span>
  );
}

function ActivityText({ facts: { activity, detail, isCode, more } }: Pick<BodyProps, 'facts'>) {
  return (
    <Tooltip text={<span className={styles.fullText}>{detail}</span>}>
      <span className={classes(styles.activityText, isCode && styles.code)}>
        <span className="truncate">{activity}</span>
        {more && <span className={styles.more}>{more}</span>}
      </span>
    </Tooltip>
  );
}

function Traffic({ facts: { sent, received } }: Pick<BodyProps, 'facts'>) {
  return (
    <>
      <Tooltip text="Context sent to the node">
        <span className={styles.sent}>
          <Icon name="up" size={12} />
          {sent}
        </span>
      </Tooltip>
      <Tooltip text="Received from the node">
        <span className={styles.received}>
          <Icon name="down" size={12} />
          {received}
        </span>
      </Tooltip>
    </>
  );
}

function Elapsed({ job, hasBuildEnded }: Pick<BodyProps, 'job' | 'hasBuildEnded'>) {
  // an interrupted job has no duration, and its clock must not tick
  const isKnown = job.startedAt !== undefined && (!hasBuildEnded || job.durationMs !== undefined);
  return <span className={styles.elapsed}>{isKnown ? <Clock since={job.startedAt} ms={job.durationMs} /> : '–'}</span>;
}

/** `about 40 s left`, as far as that is known. */
function Remaining({ job }: { job: Job }) {
  const now = useNow();
  const text = remainingText(job, now);
  return text === undefined ? null : <span className={styles.left}>{text}</span>;
}

function isStartedTwice({ second }: Job): boolean {
  return second?.state === 'running';
}

/** The node that builds a slow job, too. */
function SecondNode({ job }: { job: Job }) {
  const text = secondText(job, useNow());
  return (
    <Tooltip text={job.second?.reason ?? ''}>
      <span className={styles.second}>
        <Icon name="node" size={12} />
        <span className="truncate">{text}</span>
      </span>
    </Tooltip>
  );
}

function LostNodes({ job, children }: { job: Job; children: ReactNode }) {
  return (
    <Tooltip text={<span className={styles.fullText}>{movesOf(job).join('\n')}</span>}>
      <span className={styles.lost}>
        <Icon name="warning" size={14} />
        <span className="truncate">{children}</span>
      </span>
    </Tooltip>
  );
}
