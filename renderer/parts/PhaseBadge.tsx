import type { ReactNode } from 'react';
import type { Phase } from '../../shared/build.ts';
import { classes } from './classes.ts';
import styles from './PhaseBadge.module.css';

/** Everything that can be said about work, with one look each, all over the app. */
export type State = 'waiting' | 'running' | 'done' | 'cached' | 'warning' | 'failed' | 'cancelled';

/** The phases of a job, the states of a build or push, and those that only steps and nodes have. */
export type Said = Phase | State;

const said: Readonly<Record<Said, { readonly state: State; readonly word: string }>> = {
  queued: { state: 'waiting', word: 'Waiting' },
  context: { state: 'running', word: 'Sending context' },
  building: { state: 'running', word: 'Building' },
  pulling: { state: 'running', word: 'Bringing back' },
  waiting: { state: 'waiting', word: 'Waiting' },
  running: { state: 'running', word: 'Running' },
  done: { state: 'done', word: 'Done' },
  cached: { state: 'cached', word: 'Cached' },
  warning: { state: 'warning', word: 'Warning' },
  failed: { state: 'failed', word: 'Failed' },
  cancelled: { state: 'cancelled', word: 'Cancelled' },
};

/** The state whose colours (`--<state>-text`, `-fill`, `-tint`) a phase is drawn in. */
export function stateOf(phase: Said): State {
  return said[phase].state;
}

/** The word for a phase, in sentence case. */
export function wordOf(phase: Said): string {
  return said[phase].word;
}

const glyphs: Readonly<Record<State, ReactNode>> = {
  waiting: <circle cx="7" cy="7" r="5.2" strokeDasharray="2 2.1" />,
  running: (
    <>
      <circle cx="7" cy="7" r="5.2" opacity="0.3" />
      <path d="M7 1.8A5.2 5.2 0 0 1 12.2 7" className={styles.turning} />
    </>
  ),
  done: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
      <path d="m4.3 7.2 1.9 1.9 3.5-4" stroke="var(--ground)" />
    </>
  ),
  cached: (
    <>
      <circle cx="7" cy="7" r="5.3" />
      <path d="m4.6 7.2 1.7 1.7 3.1-3.6" />
    </>
  ),
  warning: (
    <>
      <path d="M7 1.5 13 12.3H1Z" fill="currentColor" />
      <path d="M7 5.5v3M7 10.4h.01" stroke="var(--ground)" />
    </>
  ),
  failed: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
      <path d="m5 5 4 4M9 5 5 9" stroke="var(--ground)" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="7" cy="7" r="5.3" />
      <path d="m3.4 10.6 7.2-7.2" />
    </>
  ),
};

/** The glyph of a phase alone, where its word stands beside it already. */
export function PhaseGlyph({ phase, className }: { phase: Said; className?: string }) {
  const state = stateOf(phase);
  return (
    <svg
      width="14"
      height="14"
      viewBox="0 0 14 14"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      data-phase={state}
      className={classes(styles[state], className)}
    >
      {glyphs[state]}
    </svg>
  );
}

export interface PhaseBadgeProps {
  readonly phase: Said;
  /** A word of one's own, as `Waiting for a slot` or `Failed at step 5`. */
  readonly word?: ReactNode;
  /** With a ground of its own, for tables and headers. */
  readonly filled?: boolean;
}

/** A glyph and a word: what something is doing. */
export function PhaseBadge({ phase, word, filled = false }: PhaseBadgeProps) {
  return (
    <span className={classes(styles.badge, styles[stateOf(phase)], filled && styles.filled)}>
      <PhaseGlyph phase={phase} />
      <span className={styles.word}>{word ?? wordOf(phase)}</span>
    </span>
  );
}
