import { formatClock } from '../../shared/format.ts';
import styles from './RetryCountdown.module.css';
import { useNow } from './use-now.ts';

/** The next attempt to reconnect to a node: its time (ISO 8601) and its number, counted from 1. */
export interface Retry {
  readonly at: string;
  readonly attempt: number;
}

/**
 * `reconnecting in 8 s` or, for a node that was never reached, `trying again in 8 s`, updated every second, then `… now`. Its width stays the same, and the number is hidden
 * from screen readers, which would read it aloud every second.
 */
export function RetryCountdown({ retry, isFirst = false }: { retry: Retry; isFirst?: boolean | undefined }) {
  const now = useNow();
  const leftMs = Date.parse(retry.at) - now;
  return (
    <span className={styles.text}>
      {isFirst ? 'trying again' : 'reconnecting'} {leftMs > 0 ? <Countdown ms={leftMs} /> : 'now'}
    </span>
  );
}

function Countdown({ ms }: { ms: number }) {
  const seconds = Math.ceil(ms / 1000);
  return (
    <span aria-hidden="true" className={styles.countdown}>
      in {seconds < 100 ? `${seconds} s` : formatClock(seconds * 1000)}
    </span>
  );
}
