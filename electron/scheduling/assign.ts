/** Assigns jobs to machines so that the last of them ends as early as possible. Knows nothing of platforms and nodes. */
import { slowdown } from './estimates.ts';

/** What runs jobs, a few at once and the others one after another. */
export class Machine {
  readonly cpus: number | undefined;
  /** When each of its slots is free, in milliseconds from now. At least one. */
  readonly freeAtMs: readonly number[];
  /** The jobs that it has now. */
  readonly jobs: number;
  /** When the next job starts, in milliseconds from now. */
  readonly firstFreeMs: number;
  /** How many times longer the next job takes than alone. */
  readonly nextSlowdown: number;

  constructor({ cpus, freeAtMs, jobs }: Pick<Machine, 'cpus' | 'freeAtMs' | 'jobs'>) {
    this.cpus = cpus;
    this.freeAtMs = freeAtMs;
    this.jobs = jobs;
    this.firstFreeMs = Math.min(...freeAtMs);
    this.nextSlowdown = slowdown(Math.min(freeAtMs.length, jobs + 1), cpus);
  }
}

/** One machine that can run a job. */
export interface Option {
  readonly machine: Machine;
  /** How long the job takes there if it has the machine for itself. */
  readonly ms: number;
  /** Its time counts so many times: 2 for a machine that gets half as many jobs as others. */
  readonly penalty: number;
  /** Of equal options, the lower one is better. */
  readonly rank: number;
}

export interface Task<T extends Option = Option> {
  /** Unique. */
  readonly id: string;
  /** At least one. */
  readonly options: readonly T[];
  /** The option that it had the last time, and keeps if no other is worth the change. */
  readonly usual?: T | undefined;
}

/** When a job starts and ends, in milliseconds from now. */
export interface Slotted {
  readonly startMs: number;
  readonly endMs: number;
}

/** How much earlier the last job must end for a job to leave its usual machine. */
const worthwhile = { share: 0.1, ms: 500 };
/** How many partial assignments the exact search looks at. What is found until then counts. */
const maxVisited = 3000;
/** The exact search is for so many jobs: it would not come far with more. */
const maxExact = 8;
const maxRounds = 30;
/** Times that differ by less are equal, in milliseconds. */
const equalMs = 0.001;

/**
 * The option of each task, so that the last one ends as early as possible, and then all of them as early as possible: greedy with
 * the longest first, improved by moving and swapping single tasks, and for few tasks by an exact search (branch and bound). Among
 * equal results, tasks keep their usual machines.
 *
 * A pure function. The result does not depend on the order of tasks and options.
 * @returns the options in the order of the tasks
 */
export function assignTasks<T extends Option>(tasks: readonly Task<T>[]): T[] {
  const sorted = tasks
    .map((task) => ({ ...task, options: bestOptions(task, tasks.length) }))
    .sort((one, other) => shortest(other) - shortest(one) || compare(one.id, other.id));
  const search = new Search(sorted);
  search.assignGreedily();
  search.improve();
  search.searchExactly();
  search.improve();
  search.keepUsual();
  search.tidy();
  const chosen = new Map(sorted.map((task, position) => [task.id, search.optionOf(position)]));
  return tasks.map(({ id }) => chosen.get(id) ?? impossible());
}

/** When the jobs of a machine start and end: the longest first, each in the slot that is free first. In the order of `ms`. */
export function runOn(machine: Machine, ms: readonly number[]): Slotted[] {
  const free = [...machine.freeAtMs];
  const factor = slowdown(Math.min(free.length, machine.jobs + ms.length), machine.cpus);
  const order = ms.map((_, index) => index).sort((one, other) => (ms[other] ?? 0) - (ms[one] ?? 0));
  const result: Slotted[] = new Array(ms.length);
  for (const index of order) {
    let slot = 0;
    for (let other = 1; other < free.length; other += 1) {
      if ((free[other] ?? 0) < (free[slot] ?? 0)) {
        slot = other;
      }
    }
    const startMs = free[slot] ?? 0;
    const endMs = startMs + (ms[index] ?? 0) * factor;
    free[slot] = endMs;
    result[index] = { startMs, endMs };
  }
  return result;
}

/** When a job would end if the machine got no other one, as it counts. */
function aloneMs({ machine, ms, penalty }: Option): number {
  return (machine.firstFreeMs + ms * machine.nextSlowdown) * penalty;
}

/**
 * The best option of each machine, of as many machines as there are tasks: one of these is free of the other tasks, and is as good
 * as any further one. The usual option is among them.
 */
function bestOptions<T extends Option>({ options, usual }: Task<T>, count: number): T[] {
  const best: { readonly option: T; readonly alone: number }[] = [];
  for (const option of options) {
    const alone = aloneMs(option);
    const worst = best[count - 1];
    if (
      option !== usual &&
      worst &&
      (alone > worst.alone || (alone === worst.alone && option.rank > worst.option.rank))
    ) {
      continue;
    }
    const same = best.findIndex((other) => other.option.machine === option.machine);
    const other = best[same];
    if (other) {
      const isBetter = alone < other.alone || (alone === other.alone && option.rank < other.option.rank);
      if (other.option === usual || (option !== usual && !isBetter)) {
        continue;
      }
      best.splice(same, 1);
    }
    const later = best.findIndex((one) => one.alone > alone || (one.alone === alone && one.option.rank > option.rank));
    best.splice(later < 0 ? best.length : later, 0, { option, alone });
    if (best.length > count) {
      const [last] = best.splice(count, 1);
      if (last && last.option === usual) {
        best.push(last);
      }
    }
  }
  return best.map(({ option }) => option);
}

function shortest({ options }: Task): number {
  return Math.min(...options.map(({ ms }) => ms));
}

/** What is minimised: the end of the last task, then the sum of the ends. */
interface Score {
  readonly last: number;
  readonly sum: number;
}

function isBetter(one: Score, other: Score): boolean {
  return one.last < other.last - equalMs || (one.last < other.last + equalMs && one.sum < other.sum - equalMs);
}

/** An assignment of all tasks that is made better step by step. */
class Search<T extends Option> {
  readonly #tasks: readonly Task<T>[];
  readonly #chosen: (T | undefined)[];
  /** The positions of the tasks of each machine. */
  readonly #onMachine = new Map<Machine, number[]>();
  /** The scores of the machines that have tasks. */
  readonly #scores = new Map<Machine, Score>();

  constructor(tasks: readonly Task<T>[]) {
    this.#tasks = tasks;
    this.#chosen = tasks.map(() => undefined);
  }

  optionOf(position: number): T {
    return this.#chosen[position] ?? impossible();
  }

  assignGreedily(): void {
    for (const [position, task] of this.#tasks.entries()) {
      this.#put(position, this.#bestFor(position, task.options));
    }
  }

  /** Moves and swaps single tasks as long as that is better. */
  improve(): void {
    for (let round = 0; round < maxRounds; round += 1) {
      const moved = this.#tasks.map((_, position) => this.#moveOne(position)).some(Boolean);
      const swapped = this.#swapSome((after, before) => isBetter(after, before));
      if (!moved && !swapped) {
        return;
      }
    }
  }

  /** Looks at all assignments that may be better, until {@link maxVisited}. */
  searchExactly(): void {
    if (this.#tasks.length > maxExact || this.#tasks.length < 2) {
      return;
    }
    let best = this.#score();
    let bestOptions = [...this.#chosen];
    const least = Math.max(...this.#tasks.map(({ options }) => Math.min(...options.map(aloneMs))));
    if (best.last <= least + equalMs) {
      return;
    }
    for (const position of this.#tasks.keys()) {
      this.#put(position, undefined);
    }
    let visited = 0;
    const visit = (position: number): void => {
      const task = this.#tasks[position];
      if (!task) {
        const score = this.#score();
        if (isBetter(score, best)) {
          best = score;
          bestOptions = [...this.#chosen];
        }
        return;
      }
      for (const option of task.options) {
        visited += 1;
        if (visited > maxVisited) {
          return;
        }
        this.#put(position, option);
        // a further task makes no other one end earlier
        if (this.#score().last < best.last + equalMs) {
          visit(position + 1);
        }
        this.#put(position, undefined);
      }
    };
    visit(0);
    for (const [position, option] of bestOptions.entries()) {
      this.#put(position, option);
    }
  }

  /** Moves tasks back to where they usually are, if the last one then ends hardly later. */
  keepUsual(): void {
    const { last } = this.#score();
    const limit = last + Math.max(worthwhile.ms, last * worthwhile.share);
    for (const [position, { usual }] of this.#tasks.entries()) {
      const now = this.optionOf(position);
      if (usual && usual !== now) {
        const before = this.#endOf(position);
        this.#put(position, usual);
        const isLittleLater = this.#endOf(position) <= before + Math.max(worthwhile.ms, before * worthwhile.share);
        if (this.#score().last > limit || !isLittleLater) {
          this.#put(position, now);
        }
      }
    }
  }

  /** Among equal results, the first tasks by name have the best machines by rank. */
  tidy(): void {
    const settled = new Set([...this.#tasks.keys()].filter((at) => this.#tasks[at]?.usual === this.optionOf(at)));
    this.#swapSome((after, before, [one, other]) => {
      if (settled.has(one) || settled.has(other)) {
        return false;
      }
      const isEqual = !isBetter(before, after) && !isBetter(after, before);
      const [first, second] =
        compare(this.#tasks[one]?.id ?? '', this.#tasks[other]?.id ?? '') < 0 ? [one, other] : [other, one];
      return isEqual && this.optionOf(first).rank < this.optionOf(second).rank;
    });
  }

  #moveOne(position: number): boolean {
    const before = this.optionOf(position);
    const task = this.#tasks[position] ?? impossible();
    const score = this.#score();
    for (const option of task.options) {
      if (option !== before) {
        this.#put(position, option);
        if (isBetter(this.#score(), score)) {
          return true;
        }
      }
    }
    this.#put(position, before);
    return false;
  }

  #swapSome(isWanted: (after: Score, before: Score, pair: readonly [number, number]) => boolean): boolean {
    let hasSwapped = false;
    for (let one = 0; one < this.#tasks.length; one += 1) {
      for (let other = one + 1; other < this.#tasks.length; other += 1) {
        hasSwapped = this.#swap(one, other, isWanted) || hasSwapped;
      }
    }
    return hasSwapped;
  }

  #swap(
    one: number,
    other: number,
    isWanted: (after: Score, before: Score, pair: readonly [number, number]) => boolean,
  ): boolean {
    const [before, otherBefore] = [this.optionOf(one), this.optionOf(other)];
    if (before.machine === otherBefore.machine) {
      return false;
    }
    const after = this.#tasks[one]?.options.find(({ machine }) => machine === otherBefore.machine);
    const otherAfter = this.#tasks[other]?.options.find(({ machine }) => machine === before.machine);
    if (!after || !otherAfter) {
      return false;
    }
    const score = this.#score();
    this.#put(one, after);
    this.#put(other, otherAfter);
    if (isWanted(this.#score(), score, [one, other])) {
      return true;
    }
    this.#put(one, before);
    this.#put(other, otherBefore);
    return false;
  }

  /** The option after which the tasks so far end first. */
  #bestFor(position: number, options: readonly T[]): T {
    let best: { option: T; end: number; score: Score } | undefined;
    for (const option of options) {
      this.#put(position, option);
      const { last } = this.#scores.get(option.machine) ?? impossible();
      const candidate = { option, end: this.#endOf(position), score: { last, sum: this.#endOf(position) } };
      if (!best || isBetter(candidate.score, best.score)) {
        best = candidate;
      }
    }
    this.#put(position, undefined);
    return best?.option ?? impossible();
  }

  #put(position: number, option: T | undefined): void {
    const before = this.#chosen[position];
    this.#chosen[position] = option;
    if (before) {
      const left = (this.#onMachine.get(before.machine) ?? []).filter((other) => other !== position);
      this.#onMachine.set(before.machine, left);
      this.#rate(before.machine);
    }
    if (option) {
      const tasks = [...(this.#onMachine.get(option.machine) ?? []), position].sort((one, other) => one - other);
      this.#onMachine.set(option.machine, tasks);
      this.#rate(option.machine);
    }
  }

  #rate(machine: Machine): void {
    const positions = this.#onMachine.get(machine) ?? [];
    if (positions.length === 0) {
      this.#scores.delete(machine);
      return;
    }
    let last = 0;
    let sum = 0;
    for (const [index, { endMs }] of runOn(
      machine,
      positions.map((position) => this.optionOf(position).ms),
    ).entries()) {
      const counted = endMs * this.optionOf(positions[index] ?? 0).penalty;
      last = Math.max(last, counted);
      sum += counted;
    }
    this.#scores.set(machine, { last, sum });
  }

  #endOf(position: number): number {
    const { machine, penalty } = this.optionOf(position);
    const positions = this.#onMachine.get(machine) ?? [];
    const slotted = runOn(
      machine,
      positions.map((other) => this.optionOf(other).ms),
    );
    return (slotted[positions.indexOf(position)]?.endMs ?? 0) * penalty;
  }

  #score(): Score {
    let last = 0;
    let sum = 0;
    for (const score of this.#scores.values()) {
      last = Math.max(last, score.last);
      sum += score.sum;
    }
    return { last, sum };
  }
}

/** Compares by code units, so that the order does not depend on the locale. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

function impossible(): never {
  throw new Error('every task has an option');
}
