import { isEnd, type Job } from '../../../shared/build.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import styles from './ActivityColumns.module.css';
import { type ActivitySample, activityColumns, activityKey, useActivity } from './activity.ts';

const columnCount = 20;
const columnWidth = 3;
const height = 16;
const noSamples: readonly ActivitySample[] = [];

/**
 * The activity of a job in the last minute: one column for every three seconds, and with `hasRate` what it does now. Takes
 * the same space if there is none.
 */
export function ActivityColumns({ id, job, hasRate = false }: { id: string; job: Job; hasRate?: boolean }) {
  const samples = useActivity(({ byJob }) => byJob[activityKey(id, job.platform)] ?? noSamples);
  const columns = activityColumns(samples, columnCount);
  if (isEnd(job.status) || columns.every((share) => share === 0)) {
    return <span className={styles.chart} />;
  }
  const latest = samples.at(-1) ?? { lines: 0, bytes: 0 };
  const lineRate = `${formatCount(latest.lines, 'line')}/s`;
  const rates = latest.bytes > 0 ? [`${formatBytes(latest.bytes)}/s`, lineRate] : [lineRate];
  return (
    <Tooltip text={`Log lines and transferred bytes in the last minute. Now: ${rates.join(', ')}`}>
      <span className={classes(styles.chart, hasRate && styles.withRate)}>
        {hasRate && <span className={styles.rate}>{rates[0]}</span>}
        <svg width={columnCount * columnWidth} height={height} aria-hidden="true" className={styles.columns}>
          {columns.map((share, index) => {
            const columnHeight = Math.ceil(share * height);
            return (
              <rect
                // biome-ignore lint/suspicious/noArrayIndexKey: columns keep their order
                key={index}
                x={index * columnWidth}
                y={height - columnHeight}
                width={columnWidth - 1}
                height={columnHeight}
              />
            );
          })}
        </svg>
      </span>
    </Tooltip>
  );
}
