import { isCancelling, type Job } from '../../../shared/build.ts';
import { formatCount, formatDuration, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import { PhaseBadge, PhaseGlyph, phaseWord } from '../../parts/PhaseBadge.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { useBuild } from '../../stores/builds.ts';
import styles from './BuildGrid.module.css';
import {
  BakeLink,
  type GridActions,
  GridCell,
  GridRow,
  type GridRowPosition,
  Reference,
  RowButton,
  TriggerLink,
} from './GridRow.tsx';
import { jobProgress, stateCounts, stepText } from './outcome.ts';
import { projectOf } from './rows.ts';
import type { Trend } from './trend.ts';

/** With more platforms, one bar shows the total progress. */
const maxBars = 3;

export interface RunningRowProps {
  readonly position: GridRowPosition;
  readonly id: string;
  readonly trends: ReadonlyMap<string, Trend>;
  readonly actions: GridActions;
}

/** A running build: its elapsed time and the progress of its platforms. */
export function RunningRow({ position, id, trends, actions }: RunningRowProps) {
  const build = useBuild(id);
  if (!build) {
    return null;
  }
  const { reference, createdAt, resumedAt, durationMs, jobs, request } = build;
  const medianMs = trends.get(request.context)?.medianMs;
  return (
    <GridRow
      position={position}
      onPress={() => {
        actions.activate(id);
        actions.open(id);
      }}
    >
      <GridCell className={styles.started}>
        <span className={styles.glyph}>
          <PhaseGlyph phase={isCancelling(build) ? 'cancelling' : 'running'} />
        </span>
        <span>
          <Clock since={resumedAt ?? createdAt} ms={durationMs} />
        </span>
      </GridCell>
      <GridCell className={styles.cell}>
        <Reference reference={reference} />
        <span className={styles.project}>
          {projectOf({ project: request.context }).name} <BakeLink bake={request.bake} />{' '}
          <TriggerLink trigger={request.trigger} />
        </span>
      </GridCell>
      <GridCell className={styles.bars}>
        {jobs.length <= maxBars ? jobs.map((job) => <Bar key={job.platform} job={job} />) : <TotalBar jobs={jobs} />}
      </GridCell>
      <GridCell className={styles.duration}>
        {medianMs !== undefined && <span className={styles.median}>usually {formatDuration(medianMs)}</span>}
      </GridCell>
      <GridCell className={styles.actions}>
        {position.showsActions && !isCancelling(build) && (
          <RowButton
            icon="stop"
            label={`Cancel build ${formatReferenceShort(reference)}`}
            run={() => actions.cancel(id)}
          />
        )}
      </GridCell>
    </GridRow>
  );
}

/** The heading above the running builds. */
export function RunningHeading({ position, count }: { position: GridRowPosition; count: number }) {
  return (
    <GridRow position={position} className={styles.heading}>
      <GridCell span={5} className={styles.wide}>
        <span className={styles.name}>Running now</span>
        <span className={styles.quiet}>{formatCount(count, 'build')}</span>
      </GridCell>
    </GridRow>
  );
}

function Bar({ job }: { job: Job }) {
  const { platform, status, mode } = job;
  const text = stepText(job) ?? phaseWord(status);
  return (
    <div className={styles.bar}>
      <span className={styles.barPlatform}>{formatPlatform(platform)}</span>
      <ProgressBar
        thin
        label={`${platform}, ${text}`}
        value={jobProgress(job)}
        max={1}
        phase={status}
        hatched={mode === 'emulated'}
      />
      <span className={styles.barText}>{text}</span>
    </div>
  );
}

function TotalBar({ jobs }: { jobs: readonly Job[] }) {
  const progress = jobs.reduce((sum, job) => sum + jobProgress(job), 0);
  return (
    <>
      <ProgressBar label={`All ${jobs.length} platforms`} value={progress} max={jobs.length} />
      <div className={styles.counts}>
        {stateCounts(jobs).map(({ state, count }) => (
          <PhaseBadge key={state} phase={state} word={`${count} ${phaseWord(state).toLowerCase()}`} />
        ))}
      </div>
    </>
  );
}
