import type { QueuePriority } from '../../shared/queue.ts';

/**
 * For each of these spans that a job has waited, it rises by one level of priority and by one turn of its build. So every job
 * comes to the front, whatever arrives after it. In milliseconds.
 */
export const agingMs = 10 * 60_000;

/** A job in the queue of one node, as far as it decides the order. */
export interface OrderedJob {
  readonly id: string;
  readonly buildId: string;
  readonly priority: QueuePriority;
  /** Greater than those of all jobs that came before it. */
  readonly number: number;
  /** When it came, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly isRunning: boolean;
}

export interface OrderOptions {
  /** By build: a greater rank comes first. A build that a person has not moved has rank 0. */
  readonly ranks: ReadonlyMap<string, number>;
  /** In milliseconds since 1970. */
  readonly nowMs: number;
}

const levels: Readonly<Record<QueuePriority, number>> = { high: 0, normal: 1, low: 2 };

/**
 * The waiting jobs of a node in the order in which they start:
 * 1. by rank: what a person has moved,
 * 2. by the priority of their builds,
 * 3. in rounds, so that builds share the node: the first job of each build before the second of any. Jobs that run count,
 * 4. by arrival.
 *
 * A job that waits long rises, see {@link agingMs}: no job with a rank like its own can overtake it for ever.
 *
 * A pure function: all processes see the same order.
 */
export function orderWaiting<T extends OrderedJob>(jobs: readonly T[], { ranks, nowMs }: OrderOptions): T[] {
  const rounds = new Map<string, number>();
  const takeTurn = (buildId: string): number => {
    const turn = rounds.get(buildId) ?? 0;
    rounds.set(buildId, turn + 1);
    return turn;
  };
  for (const { buildId, isRunning } of jobs) {
    if (isRunning) {
      takeTurn(buildId);
    }
  }
  return jobs
    .filter(({ isRunning }) => !isRunning)
    .sort(byArrival)
    .map((job) => {
      // a clock that was set back makes no job young for ever
      const risen = Math.floor(Math.max(0, nowMs - job.sinceMs) / agingMs);
      const key = [
        -(ranks.get(job.buildId) ?? 0),
        Math.max(0, levels[job.priority] - risen),
        Math.max(0, takeTurn(job.buildId) - risen),
      ];
      return { job, key };
    })
    .sort((one, other) => compareKeys(one.key, other.key) || byArrival(one.job, other.job))
    .map(({ job }) => job);
}

/** Builds in the order in which the queue shows them: that of their jobs, without rounds, which differ from node to node. */
export function orderBuilds<T extends Omit<OrderedJob, 'isRunning' | 'sinceMs'>>(
  builds: readonly T[],
  ranks: ReadonlyMap<string, number>,
): T[] {
  const keyOf = ({ buildId, priority }: T): number[] => [-(ranks.get(buildId) ?? 0), levels[priority]];
  return [...builds].sort((one, other) => compareKeys(keyOf(one), keyOf(other)) || byArrival(one, other));
}

/**
 * The ranks after a build was moved. Builds before its new position keep their order and come before it.
 * @param order all builds of the queue in their order. @param before the build that it is moved before; undefined: to the end
 */
export function moveBuild(
  order: readonly string[],
  ranks: ReadonlyMap<string, number>,
  moved: string,
  before: string | undefined,
): Map<string, number> {
  const others = order.filter((id) => id !== moved);
  const position = before === undefined ? others.length : Math.max(0, others.indexOf(before));
  const next = others[position];
  const rankOf = (id: string): number => ranks.get(id) ?? 0;
  const changed = new Map(others.map((id) => [id, rankOf(id)]));
  if (next === undefined) {
    changed.set(moved, Math.min(1, ...others.map(rankOf)) - 1);
  } else {
    changed.set(moved, rankOf(next) + 1);
    for (const id of others.slice(0, position)) {
      // those of the same rank stay together, and what a person has put first stays there
      changed.set(id, rankOf(id) + 2);
    }
  }
  return new Map([...changed].filter(([, rank]) => rank !== 0));
}

export interface TimedJob {
  /** How long it will still take, in milliseconds; missing if unknown. */
  readonly remainingMs?: number | undefined;
  /** It does not start until someone lets it. */
  readonly isHeld?: boolean | undefined;
}

/** In milliseconds from now; missing if unknown. */
export interface JobForecast {
  readonly startsInMs?: number;
  readonly endsInMs?: number;
}

/** When waiting jobs start and end if nothing else arrives. @returns one forecast for each of `running`, then of `waiting` */
export function forecast(
  slots: number,
  running: readonly TimedJob[],
  waiting: readonly TimedJob[],
): { readonly running: JobForecast[]; readonly waiting: JobForecast[] } {
  const unknown = Number.POSITIVE_INFINITY;
  const known = (ms: number): number | undefined => (Number.isFinite(ms) ? ms : undefined);
  // when each slot is free; a node that runs more jobs than it has slots is free when enough of them have ended
  const ends = running.map(({ remainingMs = unknown }) => remainingMs);
  const free = [...ends].sort((one, other) => one - other).slice(Math.max(0, ends.length - slots));
  while (free.length < slots) {
    free.unshift(0);
  }
  return {
    running: ends.map((ms) => withoutUndefined({ endsInMs: known(ms) })),
    waiting: waiting.map(({ remainingMs = unknown, isHeld = false }) => {
      if (isHeld) {
        return {};
      }
      let slot = 0;
      for (let other = 1; other < free.length; other += 1) {
        slot = (free[other] ?? unknown) < (free[slot] ?? unknown) ? other : slot;
      }
      const start = free[slot] ?? unknown;
      free[slot] = start + remainingMs;
      return withoutUndefined({ startsInMs: known(start), endsInMs: known(start + remainingMs) });
    }),
  };
}

function withoutUndefined(times: { startsInMs?: number | undefined; endsInMs?: number | undefined }): JobForecast {
  return {
    ...(times.startsInMs === undefined ? {} : { startsInMs: times.startsInMs }),
    ...(times.endsInMs === undefined ? {} : { endsInMs: times.endsInMs }),
  };
}

function compareKeys(one: readonly number[], other: readonly number[]): number {
  const index = one.findIndex((value, position) => value !== other[position]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}

function byArrival(one: { number: number; id: string }, other: { number: number; id: string }): number {
  return one.number - other.number || (one.id < other.id ? -1 : Number(one.id > other.id));
}
