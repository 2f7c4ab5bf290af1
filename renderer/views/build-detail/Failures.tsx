import type { Build, Job } from '../../../shared/build.ts';
import { Button } from '../../parts/Button.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { classes } from '../../parts/classes.ts';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { openLog } from '../../stores/navigation.ts';
import { toastProblem } from '../../stores/toasts.ts';
import styles from './Failures.module.css';
import { failingLine, failuresOf, failureTitle, openLogAtFailure, plain } from './failure.ts';
import { retry } from './job-actions.ts';
import { failedStep, isInterrupted, lossOf } from './progress.ts';
import { excerptOf, instructionOf, type Source } from './source.ts';

/** Why a build or some of its platforms failed, and the ways on. Where several did, the first is unfolded. */
export function Failures({ build, source }: { build: Build; source: Source | undefined }) {
  const { whole, jobs } = failuresOf(build);
  if (!whole && jobs.length === 0) {
    return null;
  }
  return (
    <section aria-label="What failed" id="build-failures" className={styles.failures}>
      {whole && <ProblemNote problem={whole} warning={isInterrupted(build)} />}
      {jobs.map((job, index) => (
        <details key={job.platform} className={styles.failure} open={index === 0}>
          <summary className={styles.title}>
            <PhaseGlyph phase="failed" />
            <h2 className={styles.words}>{failureTitle(job, source)}</h2>
          </summary>
          <Failure build={build} job={job} source={source} />
        </details>
      ))}
    </section>
  );
}

function Failure({ build, job, source }: { build: Build; job: Job; source: Source | undefined }) {
  const { problem, lastLines = [] } = job;
  const lost = lossOf(job);
  return (
    <div className={styles.body}>
      {problem && <p>{problem.message}</p>}
      <div className={styles.evidence}>
        {lastLines.length > 0 && <LastLines job={job} lines={lastLines} />}
        <Excerpt job={job} source={source} />
      </div>
      {problem && (
        <p className={styles.fix}>
          <FixText text={problem.fix} />
        </p>
      )}
      {lost && <p className={styles.fix}>Before that, {lost}.</p>}
      <div className={styles.actions}>
        <Button icon="refresh" onClick={() => retry(build.id)}>
          Retry
        </Button>
        {lastLines.length > 0 ? (
          <Button icon="log" kind="quiet" onClick={() => void openLogAtFailure(build.id, job).catch(toastProblem)}>
            Open log at the failing line
          </Button>
        ) : (
          <Button icon="log" kind="quiet" onClick={() => openLog({ id: build.id, platform: job.platform })}>
            Open log
          </Button>
        )}
      </div>
    </div>
  );
}

/** How many lines of what went before the failing one, and of all, are shown. */
const before = 4;
const most = 12;

function LastLines({ job, lines }: { job: Job; lines: readonly string[] }) {
  const failing = failingLine(lines) ?? lines.length - 1;
  const from = Math.max(0, Math.min(failing - before, lines.length - most));
  const shown = lines.slice(from, from + most).map(plain);
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        Last lines of the log
        <CopyButton text={lines.map(plain).join('\n')} what={`last lines of ${job.platform}`} />
      </figcaption>
      <pre className={styles.code}>
        {shown.map((line, index) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of an ended job do not move
            key={index}
            className={classes(styles.line, from + index === failing && styles.meant)}
          >
            {line || ' '}
          </span>
        ))}
      </pre>
    </figure>
  );
}

function Excerpt({ job, source }: { job: Job; source: Source | undefined }) {
  const step = failedStep(job);
  const instruction = step && source && instructionOf(source, job.steps, step);
  if (!instruction || !source) {
    return null;
  }
  const { firstLine, lastLine } = instruction;
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>
        <span className="truncate" title={source.path}>
          {source.path.split('/').at(-1)}, {firstLine === lastLine ? 'line' : 'lines'} {firstLine}
          {firstLine === lastLine ? '' : `–${lastLine}`}
        </span>
        <CopyButton text={`${source.path}:${firstLine}`} what="place" />
      </figcaption>
      <pre className={styles.code}>
        {excerptOf(source, instruction).map(({ number, text, isMeant }) => (
          <span key={number} className={classes(styles.line, styles.numbered, isMeant && styles.meant)}>
            <span className={styles.lineNumber}>{number}</span>
            <span>{text || ' '}</span>
          </span>
        ))}
      </pre>
    </figure>
  );
}
