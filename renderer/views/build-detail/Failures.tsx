import type { Build, Job } from '../../../shared/build.ts';
import { formatPlatform } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { classes } from '../../parts/classes.ts';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { Explanation, FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { actionButtons } from '../../parts/problem-actions.ts';
import { actionHandlers, retryAndOpen, retryLabel } from './build-actions.ts';
import { type ContainerfileSource, instructionOf } from './containerfile-source.ts';
import styles from './Failures.module.css';
import { type FailedJobs, failingLineIndex, failuresOf, groupTitle, plainLine } from './failure.ts';
import { failedStep, lostNodesText } from './job-state.ts';
import { openLogAtFailure } from './open-log.ts';
import { SourceExcerpt } from './SourceExcerpt.tsx';
import { failuresId } from './Summary.tsx';

/**
 * Why a build or some of its platforms failed, with what to do. Platforms that failed the same way share a box. Of several
 * boxes, only the first is expanded.
 */
export function Failures({ build, source }: { build: Build; source: ContainerfileSource | undefined }) {
  const { common, groups } = failuresOf(build);
  if (!common && groups.length === 0) {
    return null;
  }
  return (
    <section aria-label="Failures" id={failuresId} className={styles.failures}>
      {common && (
        <ProblemNote problem={common} handlers={actionHandlers(build)} warning={build.status === 'interrupted'} />
      )}
      {groups.map((jobs, index) => (
        <details key={jobs[0].platform} className={styles.failure} open={index === 0}>
          <summary className={styles.title}>
            <PhaseGlyph phase="failed" />
            <h2 className={styles.text}>{boxTitle(groups, jobs)}</h2>
          </summary>
          <Failure build={build} groups={groups} jobs={jobs} source={source} />
        </details>
      ))}
    </section>
  );
}

/** The title of a box. The headline of the page already says which platform failed where if it is the only one. */
function boxTitle(groups: readonly FailedJobs[], jobs: FailedJobs): string {
  const isOnlyJob = groups.length === 1 && jobs.length === 1;
  return (isOnlyJob ? jobs[0].problem?.message : undefined) ?? groupTitle(jobs);
}

/** With more platforms, only the logs of the first ones have buttons. */
const maxLogButtons = 4;

interface FailureProps {
  readonly build: Build;
  readonly groups: readonly FailedJobs[];
  readonly jobs: FailedJobs;
  readonly source: ContainerfileSource | undefined;
}

function Failure({ build, groups, jobs, source }: FailureProps) {
  const [job] = jobs;
  const { problem, lastLines = [] } = job;
  return (
    <div className={styles.body}>
      {problem && boxTitle(groups, jobs) !== problem.message && <p>{problem.message}</p>}
      <div className={styles.evidence}>
        {lastLines.length > 0 && <LastLines job={job} lines={lastLines} />}
        <Excerpt job={job} source={source} />
      </div>
      {problem && (
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
      )}
      {jobs.map((each) => {
        const lostNodes = lostNodesText(each);
        return (
          lostNodes && (
            <p key={each.platform} className={styles.fix}>
              Before that, {lostNodes}.
            </p>
          )
        );
      })}
      <div className={styles.actions}>
        {build.status !== 'running' && (
          <Button icon="refresh" onClick={() => retryAndOpen(build.id)}>
            {retryLabel(build)}
          </Button>
        )}
        {actionButtons(problem?.actions ?? [], actionHandlers(build)).map(({ id, label, run }) => (
          <Button key={id} onClick={run}>
            {label}
          </Button>
        ))}
        {jobs.length > 1 ? (
          jobs.slice(0, maxLogButtons).map((each) => (
            <Button key={each.platform} icon="log" kind="quiet" onClick={() => openLogAtFailure(build.id, each)}>
              Open log of {formatPlatform(each.platform)}
            </Button>
          ))
        ) : (
          <Button icon="log" kind="quiet" onClick={() => openLogAtFailure(build.id, job)}>
            {lastLines.length > 0 ? 'Open log at the failing line' : 'Open log'}
          </Button>
        )}
        {problem && <Explanation problem={problem} />}
      </div>
    </div>
  );
}

/** How many log lines are shown before the failing line, and at most. */
const linesBefore = 4;
const maxLines = 12;

function LastLines({ job, lines }: { job: Job; lines: readonly string[] }) {
  const failing = failingLineIndex(job) ?? lines.length - 1;
  const from = Math.max(0, Math.min(failing - linesBefore, lines.length - maxLines));
  const shown = lines.slice(from, from + maxLines).map(plainLine);
  return (
    <figure className={styles.figure} aria-label={`Last lines of the log of ${job.platform}`}>
      <figcaption className={styles.caption}>
        Last lines of the log
        <CopyButton text={lines.map(plainLine).join('\n')} what={`last lines of ${job.platform}`} />
      </figcaption>
      <pre className={styles.code}>
        {shown.map((line, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of an ended job do not change
            key={index}
            className={classes(styles.line, from + index === failing && styles.highlighted)}
          >
            {line || ' '}
          </span>
        ))}
      </pre>
    </figure>
  );
}

/** The lines that the problem names, else those of the step that failed. */
function Excerpt({ job, source }: { job: Job; source: ContainerfileSource | undefined }) {
  const step = failedStep(job);
  const lines = job.problem?.source ?? (step && source && instructionOf(source, step));
  return source && lines ? <SourceExcerpt source={source} lines={lines} /> : null;
}
