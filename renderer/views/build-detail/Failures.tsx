import type { Build, Job } from '../../../shared/build.ts';
import { Button } from '../../parts/Button.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { classes } from '../../parts/classes.ts';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { FixText, ProblemNote } from '../../parts/ProblemNote.tsx';
import { openLog } from '../../stores/navigation.ts';
import { retryAndOpen, retryLabel } from './build-actions.ts';
import { type ContainerfileSource, containerfileExcerpt, instructionOf } from './containerfile-source.ts';
import styles from './Failures.module.css';
import { failingLineIndex, failuresOf, failureTitle, plainLine } from './failure.ts';
import { failedStep, isInterrupted, lostNodesText } from './job-state.ts';
import { openLogAtFailure } from './open-log.ts';

/** Why a build or some of its platforms failed, with what to do. If several failed, only the first is expanded. */
export function Failures({ build, source }: { build: Build; source: ContainerfileSource | undefined }) {
  const { common, jobs } = failuresOf(build);
  if (!common && jobs.length === 0) {
    return null;
  }
  return (
    <section aria-label="Failures" id="build-failures" className={styles.failures}>
      {common && <ProblemNote problem={common} warning={isInterrupted(build)} />}
      {jobs.map((job, index) => (
        <details key={job.platform} className={styles.failure} open={index === 0}>
          <summary className={styles.title}>
            <PhaseGlyph phase="failed" />
            <h2 className={styles.text}>{failureTitle(job)}</h2>
          </summary>
          <Failure build={build} job={job} source={source} />
        </details>
      ))}
    </section>
  );
}

function Failure({ build, job, source }: { build: Build; job: Job; source: ContainerfileSource | undefined }) {
  const { problem, lastLines = [] } = job;
  const lostNodes = lostNodesText(job);
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
      {lostNodes && <p className={styles.fix}>Before that, {lostNodes}.</p>}
      <div className={styles.actions}>
        {build.status !== 'running' && (
          <Button icon="refresh" onClick={() => retryAndOpen(build.id)}>
            {retryLabel(build)}
          </Button>
        )}
        {lastLines.length > 0 ? (
          <Button icon="log" kind="quiet" onClick={() => openLogAtFailure(build.id, job)}>
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

/** How many log lines are shown before the failing line, and at most. */
const linesBefore = 4;
const maxLines = 12;

function LastLines({ job, lines }: { job: Job; lines: readonly string[] }) {
  const failing = failingLineIndex(job) ?? lines.length - 1;
  const from = Math.max(0, Math.min(failing - linesBefore, lines.length - maxLines));
  const shown = lines.slice(from, from + maxLines).map(plainLine);
  return (
    <figure className={styles.figure}>
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

function Excerpt({ job, source }: { job: Job; source: ContainerfileSource | undefined }) {
  const step = failedStep(job);
  const instruction = step && source && instructionOf(source, step);
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
        <CopyButton text={`${source.path}:${firstLine}`} what="location" />
      </figcaption>
      <pre className={styles.code}>
        {containerfileExcerpt(source, instruction).map(({ number, text, isHighlighted }) => (
          <span key={number} className={classes(styles.line, styles.numbered, isHighlighted && styles.highlighted)}>
            <span className={styles.lineNumber}>{number}</span>
            <span>{text || ' '}</span>
          </span>
        ))}
      </pre>
    </figure>
  );
}
