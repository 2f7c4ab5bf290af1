/** Statistics: what the history of builds says about platforms and nodes. */

import { useState } from 'react';
import { failureKindWords, formatRate, successRate } from '../../../shared/failure-kind.ts';
import { formatCount, formatDuration, formatNumber } from '../../../shared/format.ts';
import type { JobStatistics, Statistics } from '../../../shared/statistics.ts';
import { Button } from '../../parts/Button.tsx';
import { classes } from '../../parts/classes.ts';
import { EmptyState } from '../../parts/EmptyState.tsx';
import { Page } from '../../parts/Page.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Segmented } from '../../parts/Segmented.tsx';
import { Select } from '../../parts/Select.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useFarms } from '../../stores/farms.ts';
import { hrefOf, replaceView } from '../../stores/navigation.ts';
import styles from './Statistics.module.css';
import { useStatistics } from './use-statistics.ts';

const groupings = [
  { value: 'nodes', label: 'Nodes' },
  { value: 'platforms', label: 'Platforms' },
  { value: 'pairs', label: 'Both' },
] as const;
type Grouping = (typeof groupings)[number]['value'];

/** Is not the name of a farm. */
const allFarms = '*';

/** The statistics view: success and times of jobs by node and by platform. */
export function StatisticsView({ farm }: { farm: string | undefined }) {
  const farms = useFarms((state) => state.farms);
  const { statistics, problem, reload } = useStatistics(farm);
  const [grouping, setGrouping] = useState<Grouping>('nodes');
  const hasFarms = farms.length > 0;
  return (
    <Page
      title="Statistics"
      note={statistics && describeScope(statistics)}
      actions={
        <>
          {hasFarms && (
            <Select
              label="Farm"
              hideLabel
              value={farm ?? allFarms}
              options={[
                { value: allFarms, label: 'All builds' },
                ...farms.map(({ name }) => ({ value: name, label: name })),
              ]}
              onChange={(name) => replaceView({ view: 'statistics', ...(name === allFarms ? {} : { farm: name }) })}
            />
          )}
          <Segmented label="Group jobs by" value={grouping} options={groupings} onChange={setGrouping} />
        </>
      }
    >
      {problem ? (
        <ProblemNote problem={problem} actions={<Button onClick={reload}>Retry</Button>} />
      ) : !statistics ? (
        <Waiting>Reading the history</Waiting>
      ) : statistics.pairs.length === 0 ? (
        <EmptyState icon="chart" title="No builds yet">
          {farm === undefined
            ? 'Success rates and times of nodes and platforms appear here after the first builds.'
            : `No build of the history was made on ${farm}.`}
        </EmptyState>
      ) : (
        <div className={styles.body}>
          <Totals statistics={statistics} />
          <JobTable statistics={statistics} grouping={grouping} />
          <p className={styles.note}>
            Jobs that were cancelled do not count in the success rate. Times are those of the newest 1,000 jobs that
            were built: half took no longer than the median, nine of ten no longer than the 90th percentile. A job is
            warm if steps were in the build cache.
          </p>
        </div>
      )}
    </Page>
  );
}

function describeScope({ builds: { done, failed, cancelled }, from, hasOlder }: Statistics): string {
  const count = formatCount(done + failed + cancelled, 'build');
  return from === undefined ? count : `${hasOlder ? 'The newest ' : ''}${count} since ${from.slice(0, 10)}`;
}

function Totals({ statistics: { builds, nodes } }: { statistics: Statistics }) {
  const rate = successRate(builds);
  const moved = nodes.reduce((sum, { lost }) => sum + lost, 0);
  return (
    <dl className={styles.totals}>
      <Total term="Successful builds" value={rate === undefined ? '–' : formatRate(rate)} />
      <Total term="Failed builds" value={formatNumber(builds.failed)} />
      <Total term="Median time of a build" value={builds.times ? formatDuration(builds.times.medianMs) : '–'} />
      <Total term="90th percentile" value={builds.times ? formatDuration(builds.times.p90Ms) : '–'} />
      <Total term="Jobs that moved to another node" value={formatNumber(moved)} />
    </dl>
  );
}

function Total({ term, value }: { term: string; value: string }) {
  return (
    <div className={styles.total}>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface Row extends JobStatistics {
  readonly platform?: string;
  readonly node?: string;
}

function JobTable({ statistics, grouping }: { statistics: Statistics; grouping: Grouping }) {
  const rows: readonly Row[] = statistics[grouping];
  const slowest = Math.max(1, ...rows.map(({ all }) => all?.p90Ms ?? 0));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must be scrollable by keyboard
    <section className={styles.scroller} tabIndex={0} aria-label="Jobs">
      <table className={styles.table} aria-label="Jobs">
        <thead>
          <tr>
            {grouping !== 'platforms' && <th scope="col">Node</th>}
            {grouping !== 'nodes' && <th scope="col">Platform</th>}
            <th scope="col" className={styles.number}>
              Jobs
            </th>
            <th scope="col">Success</th>
            <th scope="col">Time: median and 90th percentile</th>
            <th scope="col" className={styles.number}>
              Cold
            </th>
            <th scope="col" className={styles.number}>
              Warm
            </th>
            <th scope="col">Failures</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.platform} ${row.node}`}>
              {row.node !== undefined && (
                <th scope="row">
                  <a href={hrefOf({ view: 'connections', name: row.node })}>{row.node}</a>
                </th>
              )}
              {row.platform !== undefined &&
                (row.node === undefined ? <th scope="row">{row.platform}</th> : <td>{row.platform}</td>)}
              <td className={styles.number}>{formatNumber(row.done + row.failed + row.cancelled + row.lost)}</td>
              <td>
                <Success row={row} />
              </td>
              <td>
                <Spread row={row} slowest={slowest} />
              </td>
              <td className={styles.number}>{row.cold ? formatDuration(row.cold.medianMs) : '–'}</td>
              <td className={styles.number}>{row.warm ? formatDuration(row.warm.medianMs) : '–'}</td>
              <td className={styles.failures}>{describeFailures(row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A rate below this is marked. */
const goodRate = 0.9;

function Success({ row }: { row: Row }) {
  const rate = successRate(row);
  return rate === undefined ? (
    '–'
  ) : (
    <span className={styles.success}>
      <span className={styles.bar} aria-hidden="true">
        <span className={classes(styles.fill, rate < goodRate && styles.poor)} style={{ width: `${rate * 100}%` }} />
      </span>
      <span className={styles.rate}>{formatRate(rate)}</span>
    </span>
  );
}

/** A bar to the 90th percentile, with a mark at the median. */
function Spread({ row: { all }, slowest }: { row: Row; slowest: number }) {
  return all ? (
    <span className={styles.success}>
      <span className={styles.spread} aria-hidden="true">
        <span className={styles.range} style={{ width: `${(all.p90Ms / slowest) * 100}%` }} />
        <span className={styles.median} style={{ left: `${(all.medianMs / slowest) * 100}%` }} />
      </span>
      <span className={styles.times}>
        {formatDuration(all.medianMs)} · {formatDuration(all.p90Ms)}
      </span>
    </span>
  ) : (
    '–'
  );
}

/** `2 by the node, 1 by the build itself; 3 moved to another node`. */
function describeFailures({ failures, lost }: Row): string {
  const causes = failures.map(({ kind, count }) => `${formatNumber(count)} by ${failureKindWords[kind]}`).join(', ');
  return lost > 0 ? `${causes}; ${formatNumber(lost)} moved to another node` : causes;
}
