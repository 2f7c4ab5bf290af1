import { memo, type ReactNode } from 'react';
import { formatClock, formatDuration } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { useNow } from '../../parts/use-now.ts';
import { openLogAtStep } from './open-log.ts';
import { shortInstruction } from './progress.ts';
import type { Bar } from './step-rows.ts';
import { percentOf, type TimeAxis } from './time-axis.ts';
import styles from './WaterfallBar.module.css';

export interface WaterfallBarProps {
  readonly buildId: string;
  readonly bar: Bar;
  readonly axis: TimeAxis;
  /** Whether the Tab key stops here; arrow keys move to the other bars. */
  readonly isTabStop: boolean;
  /** Whether the caption is inside the bar instead of beside it. */
  readonly hasCaptionInside: boolean;
  /** Which of the tracks of its platform it is on, counted from 0. */
  readonly track: number;
}

/** In pixels. */
export const trackHeight = 22;

/** A step of one platform: a button that opens the log where the step starts. */
export const WaterfallBar = memo(function WaterfallBar(props: WaterfallBarProps) {
  // a call, no element: a component of its own for each of a thousand bars would take half as long again
  return props.bar.endMs === undefined ? <RunningBar {...props} /> : barButton(props, props.bar.endMs);
}, hasSameContent);

/** With every change of a build, all bars are computed anew. Most of them are as before and need not be rendered. */
function hasSameContent(
  { bar, ...props }: WaterfallBarProps,
  { bar: nextBar, ...nextProps }: WaterfallBarProps,
): boolean {
  const { job, ...facts } = bar;
  const { job: nextJob, ...nextFacts } = nextBar;
  const isSameJob =
    bar.endMs === undefined
      ? job === nextJob
      : job.platform === nextJob.platform && job.node === nextJob.node && job.mode === nextJob.mode;
  return isSameJob && isShallowEqual(facts, nextFacts) && isShallowEqual(props, nextProps);
}

function isShallowEqual<T extends object>(one: T, other: T): boolean {
  for (const key in one) {
    if (one[key] !== other[key]) {
      return false;
    }
  }
  return true;
}

/** Renders every second, since the bar of a running step grows. */
function RunningBar(props: WaterfallBarProps) {
  return barButton(props, endAt(props.bar, useNow()));
}

/** What the tooltip of a bar says. */
export function BarFacts({ bar }: { bar: Bar }) {
  const now = useNow();
  return (
    <span className={styles.tip}>
      <span className={styles.tipText}>{bar.text}</span>
      <span>
        {bar.job.platform} on {bar.job.node}: {exactDurationText(bar, endAt(bar, now) - bar.startMs)}
      </span>
    </span>
  );
}

/** The end of a bar, so far if it is running, in milliseconds since the start of the build. */
function endAt(bar: Bar, now: number): number {
  if (bar.endMs !== undefined) {
    return bar.endMs;
  }
  const startedAt = bar.step?.startedAt ?? bar.job.startedAt;
  const elapsedMs = startedAt === undefined ? 0 : Math.max(0, now - Date.parse(startedAt));
  return bar.step ? bar.startMs + elapsedMs : Math.max(bar.startMs, nowOnAxis(bar, now));
}

/** The current time in milliseconds since the start of the build. The start of the job is known on both scales. */
function nowOnAxis({ job, startMs, step }: Bar, now: number): number {
  const [first] = job.steps;
  const last = job.steps.at(-1);
  if (step === undefined && last?.durationMs !== undefined && first) {
    return startMs + Math.max(0, now - (Date.parse(last.startedAt) + last.durationMs));
  }
  return startMs + Math.max(0, now - Date.parse(job.startedAt ?? ''));
}

function barButton(
  { buildId, bar, axis, isTabStop, hasCaptionInside, track }: WaterfallBarProps,
  endMs: number,
): ReactNode {
  const left = percentOf(axis, bar.startMs);
  const right = percentOf(axis, endMs);
  const width = Math.max(0, right - left);
  const durationMs = endMs - bar.startMs;
  const caption = hasCaptionInside ? shortInstruction(bar.text) : captionText(bar, durationMs);
  // the name of a button has to contain what it shows
  const isExact = hasCaptionInside || bar.isEarlier || bar.state === 'running';
  const duration = isExact ? exactDurationText(bar, durationMs) : caption;
  const captionSide = right < 89 ? 'after' : left > 20 ? 'before' : 'within';
  return (
    <button
      type="button"
      className={classes(
        styles.bar,
        styles[bar.state],
        bar.isEarlier && styles.earlier,
        bar.job.mode === 'emulated' && bar.state !== 'cached' && styles.hatched,
        hasCaptionInside ? styles.inside : styles[captionSide],
      )}
      style={{ left: `${left}%`, width: `${width}%`, ...(track > 0 ? { top: track * trackHeight } : {}) }}
      tabIndex={isTabStop ? 0 : -1}
      // the browser would lay a hidden text out, for each of a thousand bars
      aria-label={`${bar.job.platform}: ${bar.text.replaceAll(/\s+/g, ' ')}, ${duration}. Open log at this step`}
      data-bar={bar.key}
      onClick={() => openLogAtStep(buildId, bar)}
    >
      {hasCaptionInside ? (
        width > 6 && (
          <span className={styles.caption} aria-hidden="true">
            {bar.state === 'failed' && <PhaseGlyph phase="failed" />}
            <span className="truncate">{caption}</span>
          </span>
        )
      ) : bar.isEarlier ? null : (
        <span className={styles.caption} aria-hidden="true">
          {bar.state === 'failed' && <PhaseGlyph phase="failed" />}
          {caption}
        </span>
      )}
    </button>
  );
}

/** @texts */
function captionText({ state }: Bar, ms: number): string {
  switch (state) {
    case 'cached':
      return 'cached';
    case 'running':
      return formatClock(ms);
    case 'failed':
      return `failed, ${formatDuration(ms)}`;
    case 'cancelled':
      return 'cancelled';
    case 'done':
      return formatDuration(ms);
  }
}

/** The state and duration of a bar; short durations with milliseconds. */
function exactDurationText({ state, isEarlier }: Bar, ms: number): string {
  const exact = ms < 1_000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : formatDuration(ms);
  switch (state) {
    case 'cached':
      return `cached, ${exact}`;
    case 'running':
      return `running for ${formatClock(ms)}`;
    case 'failed':
      return `failed after ${exact}`;
    case 'cancelled':
      return isEarlier ? `interrupted after ${exact}` : `cancelled after ${exact}`;
    case 'done':
      return exact;
  }
}
