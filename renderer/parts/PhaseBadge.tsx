import type { ReactNode } from 'react';
import type { Phase } from '../../shared/build.ts';
import { classes } from './classes.ts';
import styles from './PhaseBadge.module.css';

/** The states of work. Each has the same colour and glyph in the whole app. */
export type PhaseState =
  | 'waiting'
  | 'running'
  | 'cancelling'
  | 'done'
  | 'cached'
  | 'warning'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

/** Anything that a badge can show: the phase of a job, or the state of a build, push, step or node. */
export type DisplayPhase = Phase | PhaseState;

const phases: Readonly<Record<DisplayPhase, { readonly state: PhaseState; readonly word: string }>> = {
  queued: { state: 'waiting', word: 'Waiting' },
  context: { state: 'running', word: 'Sending context' },
  building: { state: 'running', word: 'Building' },
  transferring: { state: 'running', word: 'Transferring image' },
  cancelling: { state: 'cancelling', word: 'Cancelling' },
  waiting: { state: 'waiting', word: 'Waiting' },
  running: { state: 'running', word: 'Running' },
  done: { state: 'done', word: 'Done' },
  cached: { state: 'cached', word: 'Cached' },
  warning: { state: 'warning', word: 'Warning' },
  failed: { state: 'failed', word: 'Failed' },
  cancelled: { state: 'cancelled', word: 'Cancelled' },
  interrupted: { state: 'interrupted', word: 'Interrupted' },
};

/** The state of a phase, which determines its colours (`--<state>-text`, `-fill`, `-tint`) and its glyph. */
export function phaseState(phase: DisplayPhase): PhaseState {
  return phases[phase].state;
}

/** The name of a phase in sentence case. */
export function phaseWord(phase: DisplayPhase): string {
  return phases[phase].word;
}

const glyphs: Readonly<Record<PhaseState, ReactNode>> = {
  waiting: <circle cx="7" cy="7" r="5.2" strokeDasharray="2 2.1" />,
  running: (
    <>
      <circle cx="7" cy="7" r="5.2" opacity="0.3" />
      <path d="M7 1.8A5.2 5.2 0 0 1 12.2 7" className={styles.spinning} />
    </>
  ),
  cancelling: (
    <>
      <circle cx="7" cy="7" r="5.2" opacity="0.3" />
      <path d="M7 1.8A5.2 5.2 0 0 1 12.2 7" className={styles.spinning} />
      <path d="m4.6 9.4 4.8-4.8" />
    </>
  ),
  done: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
      <path d="m4.3 7.2 1.9 1.9 3.5-4" stroke="var(--background)" />
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
      <path d="M7 5.5v3M7 10.4h.01" stroke="var(--background)" />
    </>
  ),
  failed: (
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
      <path d="m5 5 4 4M9 5 5 9" stroke="var(--background)" />
    </>
  ),
  cancelled: (
    <>
      <circle cx="7" cy="7" r="5.3" />
      <path d="m3.4 10.6 7.2-7.2" />
    </>
  ),
  interrupted: (
    <>
      <circle cx="7" cy="7" r="5.3" />
      <path d="M5.4 4.8v4.4M8.6 4.8v4.4" />
    </>
  ),
};

/** The glyph of a phase, for use beside its name. */
export function PhaseGlyph({ phase, className }: { phase: DisplayPhase; className?: string }) {
  const state = phaseState(phase);
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
  readonly phase: DisplayPhase;
  /** Text to show instead of the name of the phase, as `Failed at step 5`. */
  readonly word?: ReactNode;
  /** With a background, for tables and headers. */
  readonly filled?: boolean;
}

/** A phase as a glyph and a word. */
export function PhaseBadge({ phase, word, filled = false }: PhaseBadgeProps) {
  return (
    <span className={classes(styles.badge, styles[phaseState(phase)], filled && styles.filled)}>
      <PhaseGlyph phase={phase} />
      <span className={styles.word}>{word ?? phaseWord(phase)}</span>
    </span>
  );
}
