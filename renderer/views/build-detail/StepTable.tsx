import type { Build } from '../../../shared/build.ts';
import { formatDuration } from '../../../shared/format.ts';
import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { Table } from '../../parts/Table.tsx';
import type { Bar, StepRow } from './step-rows.ts';
import styles from './Waterfall.module.css';

/** The steps of the waterfall as a table. */
export function StepTable({ build, rows }: { build: Build; rows: readonly StepRow[] }) {
  return (
    <Table
      label="Steps by platform"
      rows={rows}
      keyOf={({ key }) => key}
      className={styles.table}
      columns={[
        {
          id: 'step',
          title: 'Step',
          cell: ({ number, text }) => (
            <span className={styles.tableStep} title={text}>
              <span className={styles.number}>{number ?? ''}</span>
              <span className={number === undefined ? styles.transfer : styles.code}>{text}</span>
            </span>
          ),
        },
        ...build.jobs.map((job, lane) => ({
          id: job.platform,
          title: job.platform,
          width: '136px',
          cell: ({ bars }: StepRow) => <StepCell bar={bars[lane]} />,
        })),
      ]}
    />
  );
}

function StepCell({ bar }: { bar: Bar | undefined }) {
  if (!bar) {
    return <span className={styles.transfer}>–</span>;
  }
  if (bar.endMs === undefined) {
    return <PhaseBadge phase="running" />;
  }
  const time = formatDuration(bar.endMs - bar.startMs);
  switch (bar.state) {
    case 'done':
      return time;
    case 'failed':
      return <PhaseBadge phase="failed" word={`Failed, ${time}`} />;
    default:
      return <PhaseBadge phase={bar.state} />;
  }
}
