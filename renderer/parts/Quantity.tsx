import { formatAgo, formatBytes, formatBytesOf, formatClock, formatDuration } from '../../shared/format.ts';
import { useNow, useNowSlowly } from './now.ts';
import styles from './Quantity.module.css';

/** `12.4 MB`, or `8.1 of 12.4 MB` with `of`. */
export function Bytes({ value, of }: { value: number; of?: number | undefined }) {
  return <span className={styles.number}>{of === undefined ? formatBytes(value) : formatBytesOf(value, of)}</span>;
}

/** How long something took, in milliseconds: `4:12`. */
export function Duration({ ms }: { ms: number }) {
  return <span className={styles.number}>{formatDuration(ms)}</span>;
}

/**
 * How long something takes: ticks every second from `since` (ISO 8601) until it has ended, then shows `ms`.
 * The ticking is hidden from screen readers, which would read every second of it.
 */
export function Clock({ since, ms }: { since: string | undefined; ms?: number | undefined }) {
  if (ms !== undefined) {
    return <Duration ms={ms} />;
  }
  return since === undefined ? null : <Ticking since={since} />;
}

function Ticking({ since }: { since: string }) {
  const now = useNow();
  return (
    <span className={styles.number} aria-hidden="true">
      {formatClock(now - Date.parse(since))}
    </span>
  );
}

/** `5 min ago`, with the full time as a tooltip of the system. */
export function RelativeTime({ time }: { time: string }) {
  const now = useNowSlowly();
  const date = new Date(time);
  return (
    <time className={styles.number} dateTime={time} title={date.toLocaleString()}>
      {formatAgo(date, new Date(now))}
    </time>
  );
}
