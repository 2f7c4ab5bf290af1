import type { Job } from '../../../shared/build.ts';
import { formatDuration, formatPlatform, formatReferenceShort } from '../../../shared/format.ts';
import { PhaseBadge, PhaseGlyph, wordOf } from '../../parts/PhaseBadge.tsx';
import { ProgressBar } from '../../parts/ProgressBar.tsx';
import { Clock } from '../../parts/Quantity.tsx';
import { useBuild } from '../../stores/builds.ts';
import styles from './BuildGrid.module.css';
import { RowButton } from './BuildRow.tsx';
import type { GridActions } from './GroupRows.tsx';
import { Cell, Line, type LinePlace, Reference } from './Line.tsx';
import { countsOf, progressOf, stepInWords } from './outcome.ts';
import { projectOf } from './rows.ts';
import type { Trend } from './trend.ts';

/** With more platforms than this their bars are one. */
const mostBars = 3;

export interface RunningRowProps {
  readonly place: LinePlace;
  readonly id: string;
  readonly trends: ReadonlyMap<string, Trend>;
  readonly act: GridActions;
}

/** A build that runs: how far each platform is, and since when. */
export function RunningRow({ place, id, trends, act }: RunningRowProps) {
  const build = useBuild(id);
  if (!build) {
    return null;
  }
  const { reference, createdAt, durationMs, jobs, request } = build;
  const usually = trends.get(request.context)?.usually;
  return (
    <Line
      place={place}
      className={styles.running}
      onPress={() => {
        act.activate(id);
        act.open(id);
      }}
    >
      <Cell className={styles.when}>
        <span className={styles.glyph}>
          <PhaseGlyph phase="running" />
        </span>
        <span>
          <Clock since={createdAt} ms={durationMs} />
        </span>
      </Cell>
      <Cell className={styles.cell}>
        <Reference reference={reference} />
        <span className={styles.below}>{projectOf(build).name}</span>
      </Cell>
      <Cell className={styles.bars}>
        {jobs.length <= mostBars ? jobs.map((job) => <Bar key={job.platform} job={job} />) : <OneBar jobs={jobs} />}
      </Cell>
      <Cell className={styles.took}>
        {usually !== undefined && <span className={styles.usually}>usually {formatDuration(usually)}</span>}
      </Cell>
      <Cell className={styles.actions}>
        {place.isHot && (
          <RowButton icon="stop" label={`Cancel build ${formatReferenceShort(reference)}`} run={() => act.cancel(id)} />
        )}
      </Cell>
    </Line>
  );
}

function Bar({ job }: { job: Job }) {
  const { platform, status, mode } = job;
  const word = stepInWords(job) ?? wordOf(status);
  return (
    <div className={styles.bar}>
      <span className={styles.barPlatform}>{formatPlatform(platform)}</span>
      <ProgressBar
        thin
        label={`${platform}, ${word}`}
        value={progressOf(job)}
        max={1}
        phase={status}
        hatched={mode === 'emulated'}
      />
      <span className={styles.barWord}>{word}</span>
    </div>
  );
}

function OneBar({ jobs }: { jobs: readonly Job[] }) {
  const over = jobs.reduce((sum, job) => sum + progressOf(job), 0);
  return (
    <>
      <ProgressBar label={`All ${jobs.length} platforms`} value={over} max={jobs.length} />
      <div className={styles.counts}>
        {countsOf(jobs).map(({ state, count }) => (
          <PhaseBadge key={state} phase={state} word={`${count} ${wordOf(state).toLowerCase()}`} />
        ))}
      </div>
    </>
  );
}
