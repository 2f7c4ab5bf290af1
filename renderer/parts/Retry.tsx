import { formatClock } from '../../shared/format.ts';
import { useNow } from './now.ts';
import styles from './Retry.module.css';

/** When a lost line is tried again (ISO 8601), and which attempt that will be, counted from 1. */
export interface Retry {
  readonly at: string;
  readonly attempt: number;
}

/**
 * `trying again in 8 s`, counting down by itself, then `trying again now`. It keeps its room while it shrinks, and the number is
 * hidden from screen readers, which would read every second of it.
 */
export function RetryWords({ retry }: { retry: Retry }) {
  const now = useNow();
  const leftMs = Date.parse(retry.at) - now;
  return <span className={styles.words}>trying again {leftMs > 0 ? <Left ms={leftMs} /> : 'now'}</span>;
}

function Left({ ms }: { ms: number }) {
  const seconds = Math.ceil(ms / 1000);
  return (
    <span aria-hidden="true" className={styles.left}>
      in {seconds < 100 ? `${seconds} s` : formatClock(seconds * 1000)}
    </span>
  );
}
