import { formatAgo, formatBytes, formatBytesOf, formatClock, formatDuration } from '../../shared/format.ts';
import { dateLocale } from '../../shared/locale.ts';
import styles from './Quantity.module.css';
import { useNow, useSlowNow } from './use-now.ts';

/** `12.4 MB`, or `8.1 of 12.4 MB` with `of`. */
export function Bytes({ value, of }: { value: number; of?: number | undefined }) {
  return <span className={styles.number}>{of === undefined ? formatBytes(value) : formatBytesOf(value, of)}</span>;
}

/** A duration of `ms` milliseconds: `4:12`. */
export function Duration({ ms }: { ms: number }) {
  return <span className={styles.number}>{formatDuration(ms)}</span>;
}

/**
 * The elapsed time since `since` (ISO 8601), updated every second. Shows the duration `ms` instead, if given.
 * The running time is hidden from screen readers, which would read it aloud every second.
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

/** `5 min ago`, with the full time as a native tooltip. */
export function RelativeTime({ time }: { time: string }) {
  const now = useSlowNow();
  const date = new Date(time);
  return (
    <time className={styles.number} dateTime={time} title={date.toLocaleString(dateLocale())}>
      {formatAgo(date, new Date(now))}
    </time>
  );
}
