import { formatBytes, formatCount, pluralText } from '../../shared/format.ts';
import type { Node } from '../../shared/node.ts';
import type { Sample, SampleRange } from '../../shared/node-history.ts';
import { wordOf } from '../../shared/words.ts';

/** What of a node limits its charts. */
export type ChartFacts = Pick<Node, 'cpus' | 'memory' | 'disk'> & { readonly slots: number };

/** Something of a node that a chart shows. */
export interface Metric {
  readonly id: 'load' | 'memory' | 'disk' | 'jobs';
  readonly label: string;
  /** What is drawn: the level that is used, so that high is bad everywhere. Undefined if the sample does not have it. */
  readonly value: (sample: Sample, facts: ChartFacts) => number | undefined;
  /** A part of the value that is drawn by itself. */
  readonly part?: (sample: Sample) => number | undefined;
  /** The top of the chart, unless a value is higher. */
  readonly limit: (facts: ChartFacts) => number;
  /** The value as a short text: `1.2 of 4`. */
  readonly text: (sample: Sample, facts: ChartFacts) => string;
  /** The same for the highest value in a description: `highest 3.9`. */
  readonly extreme: (sample: Sample) => string;
  /** So little is left that it should be noticed. */
  readonly isLow?: (sample: Sample, facts: ChartFacts) => boolean;
  /** The values are whole numbers that change at once. */
  readonly isStepped?: true;
}

const gigabyte = 1e9;

export const metrics: readonly Metric[] = [
  {
    id: 'load',
    label: 'Load',
    value: ({ load }) => load,
    limit: ({ cpus }) => cpus ?? 1,
    text: ({ load = 0 }, { cpus }) => `${load.toFixed(1)}${cpus === undefined ? '' : ` of ${cpus}`}`,
    extreme: ({ load = 0 }) => `highest ${load.toFixed(1)}`,
  },
  {
    id: 'memory',
    label: 'Memory',
    value: ({ memoryFree }, { memory }) => used(memoryFree, memory),
    limit: ({ memory }) => memory?.total ?? gigabyte,
    text: ({ memoryFree = 0 }) => `${formatBytes(memoryFree)} free`,
    extreme: ({ memoryFree = 0 }) => `least ${formatBytes(memoryFree)}`,
    isLow: ({ memoryFree }, { memory }) => isLow(memoryFree, memory),
  },
  {
    id: 'disk',
    label: 'Disk',
    value: ({ diskFree }, { disk }) => used(diskFree, disk),
    limit: ({ disk }) => disk?.total ?? gigabyte,
    text: ({ diskFree = 0 }) => `${formatBytes(diskFree)} free`,
    extreme: ({ diskFree = 0 }) => `least ${formatBytes(diskFree)}`,
    isLow: ({ diskFree }, { disk }) => isLow(diskFree, disk),
  },
  {
    id: 'jobs',
    label: 'Jobs',
    value: ({ running, waiting = 0 }) => (running === undefined ? undefined : running + waiting),
    part: ({ running }) => running,
    limit: ({ slots }) => slots,
    text: ({ running = 0, waiting = 0 }) => (waiting > 0 ? `${running}, ${waiting} waiting` : String(running)),
    extreme: ({ running = 0, waiting = 0 }) => `most ${running + waiting}`,
    isStepped: true,
  },
];

/** Of a disk or a memory, so little is free that it is shown as low. */
function isLow(free: number | undefined, space: Node['memory']): boolean {
  return free !== undefined && space !== undefined && free < space.total * 0.1;
}

function used(free: number | undefined, space: Node['memory']): number | undefined {
  return free === undefined || !space ? undefined : Math.max(0, space.total - free);
}

/** @texts */
const units: Readonly<Record<Metric['id'], (facts: ChartFacts) => string>> = {
  load: ({ cpus }) => (cpus === undefined ? '' : pluralText(cpus, ' processor', ' processors')),
  memory: ({ memory }) => (memory ? ` of ${formatBytes(memory.total)}` : ''),
  disk: ({ disk }) => (disk ? ` of ${formatBytes(disk.total)}` : ''),
  jobs: () => ' running',
};

const rangeWords: Readonly<Record<SampleRange, string>> = {
  minutes: 'the last 10 minutes',
  hours: 'the last 3 hours',
  day: 'the last 24 hours',
};

/** A chart as a sentence: `Load of pi4: 1.2 of 4 processors, highest 3.9 at 14:05 in the last 3 hours`. */
export function describeChart(
  metric: Metric,
  node: string,
  samples: readonly Sample[],
  facts: ChartFacts,
  range: SampleRange,
): string {
  const measured = samples.filter((sample) => metric.value(sample, facts) !== undefined);
  const last = measured.at(-1);
  if (!last) {
    return `${metric.label} of ${node}: not measured in ${rangeWords[range]}`;
  }
  const levelOf = (sample: Sample): number => metric.value(sample, facts) ?? 0;
  const highest = measured.reduce((best, sample) => (levelOf(sample) > levelOf(best) ? sample : best), last);
  const low = metric.isLow?.(last, facts) ? `, ${wordOf('low')}` : '';
  const now = `${metric.text(last, facts)}${units[metric.id](facts)}${low}`;
  return `${metric.label} of ${node}: ${now}, ${metric.extreme(highest)} at ${formatMinute(highest.at)} in ${rangeWords[range]}`;
}

/** All values of a moment as a sentence: `14:05: load 1.2 of 4, memory 3.4 GB free, 1 job`. */
export function describeMoment(sample: Sample, facts: ChartFacts): string {
  const texts = metrics.flatMap((metric) =>
    metric.value(sample, facts) === undefined
      ? []
      : metric.id === 'jobs'
        ? formatCount(sample.running ?? 0, 'job')
        : `${metric.label.toLowerCase()} ${metric.text(sample, facts)}${metric.isLow?.(sample, facts) ? `, ${wordOf('low')}` : ''}`,
  );
  return `${formatMinute(sample.at)}: ${sample.down && texts.length === 0 ? wordOf('down') : texts.join(', ')}`;
}

/** `14:05`, in the time zone of this computer. */
export function formatMinute(time: number): string {
  const at = new Date(time);
  return [at.getHours(), at.getMinutes()].map((part) => String(part).padStart(2, '0')).join(':');
}
