import { isEnd, type Job } from '../../../shared/build.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import styles from './ActivityColumns.module.css';
import { type ActivitySample, activityColumns, activityKey, useActivity } from './activity.ts';

const columnCount = 20;
const columnWidth = 3;
const height = 16;
const noSamples: readonly ActivitySample[] = [];

/** The activity of a job in the last minute: one column for every three seconds. Takes the same space if there is none. */
export function ActivityColumns({ id, job }: { id: string; job: Job }) {
  const samples = useActivity(({ byJob }) => byJob[activityKey(id, job.platform)] ?? noSamples);
  if (isEnd(job.status) || samples.length === 0) {
    return <span className={styles.chart} />;
  }
  const latest = samples.at(-1) ?? { lines: 0, bytes: 0 };
  const rates = [
    `${formatCount(latest.lines, 'log line')}/s`,
    ...(latest.bytes > 0 ? [`${formatBytes(latest.bytes)}/s`] : []),
  ].join(', ');
  return (
    <Tooltip text={`Activity in the last minute. Now: ${rates}`}>
      <span className={styles.chart}>
        <svg width={columnCount * columnWidth} height={height} aria-hidden="true" className={styles.columns}>
          {activityColumns(samples, columnCount).map((share, index) => {
            const columnHeight = Math.max(1, Math.round(share * height));
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
