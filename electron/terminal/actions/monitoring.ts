import type { CallInput } from '../../../shared/contract.ts';
import { failureKindWords, formatRate, successRate } from '../../../shared/failure-kind.ts';
import type { NodeSelection } from '../../../shared/farm.ts';
import { formatBytes, formatCount, formatDuration, formatNumber, formatPlatform } from '../../../shared/format.ts';
import { rangeMs, type Sample, type SampleRange, sampleRanges } from '../../../shared/node-history.ts';
import type { NodeSamples } from '../../../shared/sample.ts';
import type { JobStatistics, Statistics, Times } from '../../../shared/statistics.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { sparkline } from '../output/sparkline.ts';
import { selectedNames } from './selected-names.ts';

/** How wide a line of blocks is at least and at most, in columns. */
const [minWidth, maxWidth] = [8, 40];
/** What the rest of a row takes, in columns. */
const textWidth = 76;

/** Prints what is known of the nodes over a range; as JSON, the samples of one node per line. Contacts no node. */
export async function showNodeHistory(
  frontEnd: TerminalFrontEnd,
  selection: NodeSelection,
  range: SampleRange,
): Promise<number> {
  const connections = [...(await selectedNames(frontEnd, selection))];
  const nodes = await frontEnd.call('samples.get', { connections, range });
  if (frontEnd.options.json) {
    for (const node of nodes) {
      frontEnd.printJson(node);
    }
    return 0;
  }
  const { output } = frontEnd.options;
  const columns = 'columns' in output && typeof output.columns === 'number' ? output.columns : 0;
  const width = Math.min(maxWidth, Math.max(minWidth, Math.floor((columns - textWidth) / 4)));
  frontEnd.print(...historyTable(nodes, range, width, Date.now()));
  if (nodes.every(({ samples }) => samples.length === 0)) {
    frontEnd.printNotes('Nothing was seen of these nodes. The desktop or browser app samples them while it is open.');
  }
  return 0;
}

function historyTable(nodes: readonly NodeSamples[], range: SampleRange, width: number, now: number): string[] {
  return formatTable(
    [
      { title: `NODE (${sampleRanges[range].label})` },
      { title: 'LOAD' },
      { title: 'FREE MEMORY' },
      { title: 'FREE DISK' },
      { title: 'JOBS' },
    ],
    nodes.map(({ node, samples }) => {
      const cell = (levelOf: (sample: Sample) => number | undefined, textOf: (value: number) => string): string => {
        const values = samples.map((sample) => ({ at: sample.at, value: levelOf(sample) }));
        const last = values.findLast(({ value }) => value !== undefined)?.value;
        const max = Math.max(1, ...values.map(({ value }) => value ?? 0));
        const line = sparkline(values, { from: now - rangeMs(range), to: now, max, width });
        return last === undefined ? '' : `${line} ${textOf(last)}`;
      };
      return [
        node,
        cell(
          ({ load }) => load,
          (load) => load.toFixed(1),
        ),
        cell(({ memoryFree }) => memoryFree, formatBytes),
        cell(({ diskFree }) => diskFree, formatBytes),
        cell(
          ({ running, waiting = 0 }) => (running === undefined ? undefined : running + waiting),
          (jobs) => String(jobs),
        ),
      ];
    }),
  );
}

/** Prints success and times of jobs by node and platform. */
export async function showStatistics(
  frontEnd: TerminalFrontEnd,
  request: CallInput<'statistics.get'>,
): Promise<number> {
  const statistics = await frontEnd.showWait('Reading the history', frontEnd.call('statistics.get', request));
  frontEnd.printResult(statistics, () =>
    statistics.pairs.length === 0
      ? ['No builds yet.']
      : [
          buildsLine(statistics),
          '',
          ...jobTable(
            'NODE',
            statistics.nodes.map((row) => [row.node, row]),
          ),
          '',
          ...jobTable(
            'PLATFORM',
            statistics.platforms.map((row) => [formatPlatform(row.platform), row]),
          ),
          '',
          ...jobTable(
            'NODE AND PLATFORM',
            statistics.pairs.map((row) => [`${row.node} ${formatPlatform(row.platform)}`, row]),
          ),
        ],
  );
  return 0;
}

/** `212 builds since 2026-10-21: 94 % successful, median 3:04, 90th percentile 7:42`. */
function buildsLine({ builds, from, hasOlder }: Statistics): string {
  const { done, failed, cancelled, times } = builds;
  const rate = successRate(builds);
  const count = `${hasOlder ? 'The newest ' : ''}${formatCount(done + failed + cancelled, 'build')}`;
  const facts = [
    ...(rate === undefined ? [] : [`${formatRate(rate)} successful`]),
    ...(times ? [`median ${formatDuration(times.medianMs)}`, `90th percentile ${formatDuration(times.p90Ms)}`] : []),
  ];
  return `${count}${from === undefined ? '' : ` since ${from.slice(0, 10)}`}: ${facts.join(', ')}`;
}

function jobTable(title: string, rows: readonly (readonly [name: string, jobs: JobStatistics])[]): string[] {
  const time = (times: Times | undefined, key: 'medianMs' | 'p90Ms'): string =>
    times ? formatDuration(times[key]) : '';
  return formatTable(
    [
      { title },
      { title: 'JOBS', align: 'right' },
      { title: 'SUCCESS', align: 'right' },
      { title: 'MEDIAN', align: 'right' },
      { title: '90TH PCT', align: 'right' },
      { title: 'COLD', align: 'right' },
      { title: 'WARM', align: 'right' },
      { title: 'MOVED', align: 'right' },
      { title: 'FAILED BY' },
    ],
    rows.map(([name, jobs]) => {
      const { done, failed, cancelled, lost, all, cold, warm, failures } = jobs;
      const rate = successRate(jobs);
      return [
        name,
        formatNumber(done + failed + cancelled + lost),
        rate === undefined ? '' : formatRate(rate),
        time(all, 'medianMs'),
        time(all, 'p90Ms'),
        time(cold, 'medianMs'),
        time(warm, 'medianMs'),
        lost === 0 ? '' : formatNumber(lost),
        failures.map(({ kind, count }) => `${failureKindWords[kind]} ${formatNumber(count)}`).join(', '),
      ];
    }),
  );
}
