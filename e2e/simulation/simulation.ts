/** Compares our schedule with others and with a lower bound, in random farms. */
import { makeInstance } from './instance.ts';
import { lowerBound } from './lower-bound.ts';
import { firstMatch, firstToAnswer, ourSchedule, ourScheduleAlone, type Policy } from './policies.ts';
import { Random } from './random.ts';
import type { RecordedTime } from './recorded-times.ts';
import { runJobs } from './run-jobs.ts';

export const seed = 20260102;

export interface Row {
  readonly nodes: number;
  readonly builds: number;
  readonly rounds: number;
}

/** The farms of the table, and how many random ones of each. */
export const rows: readonly Row[] = [3, 10, 30, 100, 300, 1000].flatMap((nodes) =>
  [1, 5, 20, 50].map((builds) => ({ nodes, builds, rounds: nodes >= 1000 ? 10 : nodes >= 100 ? 20 : 60 })),
);

/** When all builds are done, as a multiple of the lower bound: of each random farm. */
export interface Result extends Row {
  readonly ours: readonly number[];
  /** Our schedule if no node took over jobs of another one. */
  readonly alone: readonly number[];
  readonly firstMatch: readonly number[];
  readonly firstToAnswer: readonly number[];
}

export function simulateRow(row: Row, recorded: readonly RecordedTime[]): Result {
  const random = new Random(seed + row.nodes * 1000 + row.builds);
  const result = {
    ours: [] as number[],
    alone: [] as number[],
    firstMatch: [] as number[],
    firstToAnswer: [] as number[],
  };
  for (let round = 0; round < row.rounds; round += 1) {
    const instance = makeInstance(random, recorded, row);
    const least = lowerBound(instance);
    const ratio = (policy: Policy): number => runJobs(instance.nodes, policy(instance, random)) / least;
    result.ours.push(ratio(ourSchedule));
    result.alone.push(ratio(ourScheduleAlone));
    result.firstMatch.push(ratio(firstMatch));
    result.firstToAnswer.push(ratio(firstToAnswer));
  }
  return { ...row, ...result };
}

/** The table of the docs, in Markdown. */
export function tableOf(results: readonly Result[]): string {
  const cell = (values: readonly number[]): string =>
    `${quantile(values, 0.5).toFixed(2)} / ${quantile(values, 0.95).toFixed(2)}`;
  const line = (title: string, result: Omit<Result, keyof Row>): string => {
    const worse = result.ours.filter(
      (value, round) => value > (result.firstMatch[round] ?? 0) * (1 + tolerance),
    ).length;
    const cells = [result.ours, result.alone, result.firstMatch, result.firstToAnswer].map(cell);
    return `| ${title} | ${cells.join(' | ')} | ${worse} of ${result.ours.length} |`;
  };
  const all = {
    ours: results.flatMap(({ ours }) => ours),
    alone: results.flatMap(({ alone }) => alone),
    firstMatch: results.flatMap((result) => result.firstMatch),
    firstToAnswer: results.flatMap((result) => result.firstToAnswer),
  };
  return [
    '| nodes | builds | Barnraiser | without taking over | first match | first to answer | later than first match |',
    '|---|---|---|---|---|---|---|',
    ...results.map((result) => line(`${result.nodes} | ${result.builds}`, result)),
    line('all | all', all),
  ].join('\n');
}

/** A build is later than another if it ends later by more than this share. */
const tolerance = 0.01;

/** The value that a share of the values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
