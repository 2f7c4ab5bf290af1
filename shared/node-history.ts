/** What is kept of a node over time, and how it is made coarser. Without the schemas of `sample.ts`, which the page does not load. */

/**
 * A moment of a node, or what an interval of some seconds or minutes had: its highest load and numbers of jobs, and its least free
 * memory and disk. `at` is in milliseconds since 1970; memory and disk are in bytes. What was not measured is missing.
 */
export interface Sample {
  readonly at: number;
  /** The load average of the machine over a minute. */
  readonly load?: number | undefined;
  readonly memoryFree?: number | undefined;
  readonly diskFree?: number | undefined;
  /** Jobs on the node, of all builds of the data folder. */
  readonly running?: number | undefined;
  /** Jobs that wait for a slot of the node. */
  readonly waiting?: number | undefined;
  /** The node was lost or did not answer. */
  readonly down?: true | undefined;
}

export const sampleRangeNames = ['minutes', 'hours', 'day'] as const;
export type SampleRange = (typeof sampleRangeNames)[number];

interface Range {
  /** Samples are that far apart at least, in milliseconds. */
  readonly stepMs: number;
  /** How many are kept. */
  readonly count: number;
  readonly label: string;
}

/** What is kept of each node: 528 samples. Each range ends now. */
export const sampleRanges: Readonly<Record<SampleRange, Range>> = {
  minutes: { stepMs: 10_000, count: 60, label: '10 min' },
  hours: { stepMs: 60_000, count: 180, label: '3 h' },
  day: { stepMs: 300_000, count: 288, label: '24 h' },
};

/** How long a range is, in milliseconds. */
export function rangeMs(range: SampleRange): number {
  const { stepMs, count } = sampleRanges[range];
  return stepMs * count;
}

/** How often a node is sampled that no one looks at, in milliseconds. */
export const quietIntervalMs = 120_000;

/**
 * Joins what two samples of the same interval have. The order and repetitions change nothing, so that what several processes have
 * seen of a node can be joined at any time.
 */
function join(one: Sample, other: Sample): Sample {
  const highest = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
  const least = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
  return compact({
    at: one.at,
    load: highest(one.load, other.load),
    memoryFree: least(one.memoryFree, other.memoryFree),
    diskFree: least(one.diskFree, other.diskFree),
    running: highest(one.running, other.running),
    waiting: highest(one.waiting, other.waiting),
    down: one.down ?? other.down,
  });
}

function compact(sample: Sample): Sample {
  return Object.assign(
    { at: 0 },
    ...Object.entries(sample).map(([key, value]) => (value === undefined ? {} : { [key]: value })),
  );
}

/** Whether a sample has something of the machine, and not only that it was down. */
export function isMeasured({ load, memoryFree, diskFree, running, waiting }: Sample): boolean {
  return [load, memoryFree, diskFree, running, waiting].some((value) => value !== undefined);
}

/** The samples of one node, by range. Their number is limited. */
export class NodeHistory {
  readonly #samples: Record<SampleRange, Sample[]> = { minutes: [], hours: [], day: [] };

  /** Adds a sample to all ranges. */
  add(sample: Sample): void {
    for (const range of sampleRangeNames) {
      this.merge(range, [sample]);
    }
  }

  /** Adds samples to a range, in any order. Those that are older than all that is kept are dropped. */
  merge(range: SampleRange, samples: readonly Sample[]): void {
    const { stepMs, count } = sampleRanges[range];
    const kept = this.#samples[range];
    for (const sample of samples) {
      const at = Math.floor(sample.at / stepMs) * stepMs;
      let position = kept.length;
      while (position > 0 && (kept[position - 1]?.at ?? 0) > at) {
        position -= 1;
      }
      const same = kept[position - 1];
      if (same?.at === at) {
        kept[position - 1] = join(same, sample);
      } else {
        kept.splice(position, 0, compact({ ...sample, at }));
      }
      if (kept.length > count) {
        kept.shift();
      }
    }
  }

  /** The samples of a range that ends at a time, oldest first. @param since leaves out samples of older intervals */
  samples(range: SampleRange, now: number, since = 0): Sample[] {
    const { stepMs } = sampleRanges[range];
    const from = Math.max(now - rangeMs(range), Math.floor(since / stepMs) * stepMs);
    // the clock of this computer may have been set back
    return this.#samples[range].filter(({ at }) => at >= from && at <= now + stepMs);
  }

  /** The newest sample. Undefined if there is none. */
  get newest(): Sample | undefined {
    return this.#samples.minutes.at(-1);
  }

  /** All samples, as {@link merge} takes them. */
  toJSON(): Readonly<Record<SampleRange, readonly Sample[]>> {
    return this.#samples;
  }
}

/** How far apart two neighbours of a range may be if nothing is missing between them, in milliseconds. */
function maxDistanceMs(range: SampleRange): number {
  return 2.5 * Math.max(sampleRanges[range].stepMs, quietIntervalMs);
}

/** Splits samples where something is missing between them: the node was down, or was not sampled for a while. */
export function withoutGaps(samples: readonly Sample[], range: SampleRange): Sample[][] {
  const parts: Sample[][] = [];
  let open: Sample[] | undefined;
  for (const sample of samples) {
    const before = open?.at(-1);
    if (!isMeasured(sample)) {
      open = undefined;
      continue;
    }
    if (!open || !before || sample.at - before.at > maxDistanceMs(range)) {
      open = [];
      parts.push(open);
    }
    open.push(sample);
  }
  return parts;
}
