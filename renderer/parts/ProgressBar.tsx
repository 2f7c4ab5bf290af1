import { Meter as BaseMeter } from '@base-ui/react/meter';
import { Progress as Base } from '@base-ui/react/progress';
import { classes } from './classes.ts';
import { type DisplayPhase, phaseState } from './PhaseBadge.tsx';
import styles from './ProgressBar.module.css';

export interface ProgressBarProps {
  /** What makes progress, for screen readers: `linux/arm64, step 5 of 10`. */
  readonly label: string;
  /** Undefined if the progress is unknown. */
  readonly value: number | undefined;
  readonly max: number;
  readonly phase?: DisplayPhase;
  /** Hatched, for emulated work. */
  readonly hatched?: boolean;
  readonly thin?: boolean;
}

export function ProgressBar({ label, value, max, phase = 'running', hatched = false, thin = false }: ProgressBarProps) {
  const known = value === undefined ? null : Math.min(value, max);
  const state = phaseState(phase);
  const isStruck = state === 'cancelling' || state === 'cancelled';
  return (
    <Base.Root
      aria-label={label}
      value={known}
      max={Math.max(max, 1)}
      className={classes(known === null && styles.unknown)}
    >
      <Base.Track
        className={classes(styles.track, thin && styles.thin, hatched && styles.hatched, isStruck && styles.struck)}
      >
        <Base.Indicator className={classes(styles.fill, styles[state])} />
      </Base.Track>
    </Base.Root>
  );
}

export interface MeterProps {
  /** The measured quantity, for screen readers: `Disk of big-amd`. */
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** Without warning colours, if a high value is not a problem. */
  readonly plain?: boolean;
}

/** How much of a capacity is used. Amber from 85 %, red from 95 %. */
export function Meter({ label, value, max, plain = false }: MeterProps) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  const state = plain || share < 0.85 ? 'running' : share < 0.95 ? 'warning' : 'failed';
  return (
    <BaseMeter.Root aria-label={label} value={share * 100}>
      <BaseMeter.Track className={classes(styles.track, styles.thin)}>
        <BaseMeter.Indicator className={classes(styles.fill, styles[state])} />
      </BaseMeter.Track>
    </BaseMeter.Root>
  );
}
