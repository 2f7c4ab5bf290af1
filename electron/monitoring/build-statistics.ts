import type { BuildEntry } from '../../shared/build-entry.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import type { Statistics } from '../../shared/statistics.ts';
import type { HistoryDay } from '../builds/history-index.ts';
import { JobTally, timesOf } from './job-tally.ts';

/** How many days of how many filters are remembered. */
const maxRememberedDays = 2_000;

/** More combinations of a platform and a node than a farm has. Others are not counted. */
const maxPairs = 5_000;

/** Times of builds are those of the newest, at most so many. */
const maxTimes = 1_000;

export interface StatisticsFilter {
  readonly farm?: string | undefined;
  /** The context folder. */
  readonly project?: string | undefined;
}

interface StatisticsRequest extends StatisticsFilter {
  /** How many builds are counted, the newest first. Days are counted as a whole. */
  readonly builds: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the builds of one day add up to. */
interface DayTally {
  readonly size: number;
  builds: number;
  done: number;
  failed: number;
  cancelled: number;
  oldest: string | undefined;
  readonly times: number[];
  /** By the platform, a space and the node. */
  readonly jobs: Map<string, JobTally>;
}

/** Statistics of the history. A day that has not changed since it was last counted is not read again. */
export class BuildStatistics {
  readonly #days: (signal?: AbortSignal) => AsyncIterable<HistoryDay>;
  /** By the filter and the day, those that were used last at the end. */
  readonly #remembered = new Map<string, DayTally>();

  /** @param days the days of the history, newest first */
  constructor(days: (signal?: AbortSignal) => AsyncIterable<HistoryDay>) {
    this.#days = days;
  }

  async get({ builds, signal, ...filter }: StatisticsRequest): Promise<Statistics> {
    const all: DayTally = emptyDay(0);
    let hasOlder = false;
    for await (const day of this.#days(signal)) {
      signal?.throwIfAborted();
      if (all.builds >= builds) {
        hasOlder = true;
        break;
      }
      mergeDay(all, await this.#tally(day, filter));
    }
    return resultOf(all, hasOlder);
  }

  async #tally(day: HistoryDay, filter: StatisticsFilter): Promise<DayTally> {
    const key = JSON.stringify([filter.farm, filter.project, day.name]);
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    const tally = known?.size === day.size ? known : tallyOf(day.size, await day.read(), filter);
    this.#remembered.set(key, tally);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= maxRememberedDays) {
        break;
      }
      this.#remembered.delete(oldest);
    }
    return tally;
  }
}

function emptyDay(size: number): DayTally {
  return { size, builds: 0, done: 0, failed: 0, cancelled: 0, oldest: undefined, times: [], jobs: new Map() };
}

/** @param entries newest first */
function tallyOf(size: number, entries: readonly BuildEntry[], { farm, project }: StatisticsFilter): DayTally {
  const day = emptyDay(size);
  for (const entry of entries) {
    const { status, durationMs } = entry;
    const isWanted =
      (farm === undefined || entry.farm === farm) && (project === undefined || entry.project === project);
    if (!isWanted || status === 'running' || status === 'interrupted' || status === 'unreadable') {
      continue;
    }
    day.builds += 1;
    day[status] += 1;
    day.oldest = entry.createdAt;
    if (status === 'done' && durationMs !== undefined && day.times.length < maxTimes) {
      day.times.push(durationMs);
    }
    for (const job of entry.jobs) {
      // a reused image was not built again
      if (job.reusedFrom === undefined && job.foundIn === undefined) {
        tallyFor(day, job.platform, job.node)?.add(job);
      }
      for (const loss of job.lostOn ?? []) {
        tallyFor(day, job.platform, loss.node)?.addLost(loss.code);
      }
    }
  }
  return day;
}

function tallyFor({ jobs }: Pick<DayTally, 'jobs'>, platform: Platform, node: string): JobTally | undefined {
  const key = `${platform} ${node}`;
  const known = jobs.get(key);
  if (known || jobs.size >= maxPairs) {
    return known;
  }
  const tally = new JobTally();
  jobs.set(key, tally);
  return tally;
}

function mergeDay(all: DayTally, older: DayTally): void {
  all.builds += older.builds;
  all.done += older.done;
  all.failed += older.failed;
  all.cancelled += older.cancelled;
  all.oldest = older.oldest ?? all.oldest;
  all.times.push(...older.times.slice(0, Math.max(0, maxTimes - all.times.length)));
  for (const [key, tally] of older.jobs) {
    const [platform, node] = partsOf(key);
    tallyFor(all, platform, node)?.merge(tally);
  }
}

function partsOf(key: string): [Platform, string] {
  const space = key.indexOf(' ');
  const platform = parsePlatform(key.slice(0, space));
  if (!platform) {
    throw new Error(`${key} has no platform`);
  }
  return [platform, key.slice(space + 1)];
}

function resultOf({ done, failed, cancelled, oldest, times, jobs }: DayTally, hasOlder: boolean): Statistics {
  const pairs = [...jobs]
    .map(([key, tally]) => ({ parts: partsOf(key), tally }))
    .sort((one, other) => compare(one.parts.join(' '), other.parts.join(' ')));
  const groups = <K extends string>(keyOf: (pair: (typeof pairs)[number]) => K): [K, JobTally][] => {
    const byKey = new Map<K, JobTally>();
    for (const pair of pairs) {
      const key = keyOf(pair);
      const tally = byKey.get(key) ?? new JobTally();
      tally.merge(pair.tally);
      byKey.set(key, tally);
    }
    return [...byKey].sort(([one], [other]) => compare(one, other));
  };
  const buildTimes = timesOf(times);
  return {
    builds: { done, failed, cancelled, ...(buildTimes ? { times: buildTimes } : {}) },
    ...(oldest === undefined ? {} : { from: oldest }),
    hasOlder,
    platforms: groups(({ parts: [platform] }) => platform).map(([platform, tally]) => ({
      platform,
      ...tally.result(),
    })),
    nodes: groups(({ parts: [, node] }) => node).map(([node, tally]) => ({ node, ...tally.result() })),
    pairs: pairs.map(({ parts: [platform, node], tally }) => ({ platform, node, ...tally.result() })),
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
