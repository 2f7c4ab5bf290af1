import { memo } from 'react';
import { formatClock, formatDuration } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { useNow } from '../../parts/now.ts';
import { PhaseGlyph } from '../../parts/PhaseBadge.tsx';
import { Tooltip } from '../../parts/Tooltip.tsx';
import { toastProblem } from '../../stores/toasts.ts';
import { type Axis, percentOf } from './axis.ts';
import { openLogAtStep } from './log-positions.ts';
import { spoken } from './progress.ts';
import styles from './StepBar.module.css';
import type { Bar } from './steps.ts';

export interface StepBarProps {
  readonly buildId: string;
  readonly bar: Bar;
  readonly axis: Axis;
  readonly isStop: boolean;
  /** Its words stand in it, not beside it. */
  readonly inside: boolean;
}

/** A step of one platform: a button that opens its log where the step begins. */
export const StepBar = memo(function StepBar(props: StepBarProps) {
  return props.bar.endMs === undefined ? <Growing {...props} /> : <Shown {...props} endMs={props.bar.endMs} />;
});

/** What runs grows every second; only it is drawn anew for that. */
function Growing(props: StepBarProps) {
  const now = useNow();
  const { bar } = props;
  const began = bar.step?.startedAt ?? bar.job.startedAt;
  const elapsed = began === undefined ? 0 : Math.max(0, now - Date.parse(began));
  return <Shown {...props} endMs={bar.step ? bar.startMs + elapsed : Math.max(bar.startMs, nowOnAxis(bar, now))} />;
}

/** The present as milliseconds since the build began; the start of its job is known in both measures. */
function nowOnAxis({ job, startMs, step }: Bar, now: number): number {
  const [first] = job.steps;
  const last = job.steps.at(-1);
  if (step === undefined && last?.durationMs !== undefined && first) {
    return startMs + Math.max(0, now - (Date.parse(last.startedAt) + last.durationMs));
  }
  return startMs + Math.max(0, now - Date.parse(job.startedAt ?? ''));
}

function Shown({ buildId, bar, axis, isStop, inside, endMs }: StepBarProps & { endMs: number }) {
  const left = percentOf(axis, bar.startMs);
  const right = percentOf(axis, endMs);
  const width = Math.max(0, right - left);
  const exact = durationWord(bar, endMs - bar.startMs);
  const side = right < 89 ? 'after' : left > 20 ? 'before' : 'within';
  const said = saidOf(bar, endMs - bar.startMs);
  return (
    <Tooltip
      text={
        <span className={styles.tip}>
          <span className={styles.tipText}>{bar.text}</span>
          <span>
            {bar.job.platform} on {bar.job.node}: {exact}
          </span>
        </span>
      }
    >
      <button
        type="button"
        className={classes(
          styles.bar,
          styles[bar.state],
          bar.job.mode === 'emulated' && bar.state !== 'cached' && styles.hatched,
          inside ? styles.inside : styles[side],
        )}
        style={{ left: `${left}%`, width: `${width}%` }}
        tabIndex={isStop ? 0 : -1}
        data-bar={bar.key}
        onClick={() => {
          openLogAtStep(buildId, bar).catch(toastProblem);
        }}
      >
        <span className="visually-hidden">
          {`${bar.job.platform}: ${bar.text}, ${bar.endMs === undefined ? 'running' : exact}. Open its log here`}
        </span>
        <span className={styles.fill} />
        {inside ? (
          width > 6 && (
            <span className={styles.caption} aria-hidden="true">
              {bar.state === 'failed' && <PhaseGlyph phase="failed" />}
              <span className="truncate">{spoken(bar.text)}</span>
            </span>
          )
        ) : (
          <span className={styles.caption} aria-hidden="true">
            {bar.state === 'failed' && <PhaseGlyph phase="failed" />}
            {said}
          </span>
        )}
      </button>
    </Tooltip>
  );
}

function saidOf({ state }: Bar, ms: number): string {
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

/** To the millisecond where it was short. */
function durationWord({ state }: Bar, ms: number): string {
  const exact = ms < 1_000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : formatDuration(ms);
  switch (state) {
    case 'cached':
      return `cached, ${exact}`;
    case 'running':
      return `running for ${formatClock(ms)}`;
    case 'failed':
      return `failed after ${exact}`;
    case 'cancelled':
      return `cancelled after ${exact}`;
    case 'done':
      return exact;
  }
}
