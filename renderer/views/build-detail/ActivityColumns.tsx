import { isEnd, type Job } from '../../../shared/build.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import styles from './ActivityColumns.module.css';
import { activityKey, columnsOf, type Sample, useActivity } from './activity.ts';

const count = 20;
const width = 3;
const height = 16;
const none: readonly Sample[] = [];

/** The last minute of a job: a column for every three seconds. Its place is kept where there is nothing to show. */
export function ActivityColumns({ id, job }: { id: string; job: Job }) {
  const samples = useActivity(({ byJob }) => byJob[activityKey(id, job.platform)] ?? none);
  if (isEnd(job.status) || samples.length === 0) {
    return <span className={styles.place} />;
  }
  const now = samples.at(-1) ?? { lines: 0, bytes: 0 };
  const rates = [
    `${formatCount(now.lines, 'log line')}/s`,
    ...(now.bytes > 0 ? [`${formatBytes(now.bytes)}/s`] : []),
  ].join(', ');
  return (
    <Tooltip text={`Activity of the last minute. Now: ${rates}`}>
      <span className={styles.place}>
        <svg width={count * width} height={height} aria-hidden="true" className={styles.columns}>
          {columnsOf(samples, count).map((share, index) => {
            const tall = Math.max(1, Math.round(share * height));
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its place alone
              <rect key={index} x={index * width} y={height - tall} width={width - 1} height={tall} />
            );
          })}
        </svg>
      </span>
    </Tooltip>
  );
}
