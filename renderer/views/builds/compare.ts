import type { Build, Job } from '../../../shared/build.ts';
import { defaultOf, isChanged, type RequestOptionName, requestOptionNames } from '../../../shared/build-options.ts';
import { formatDuration } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import type { Step } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import { optionFlag, optionLabel, optionValueLines } from '../../parts/option-words.ts';

/** One instruction in two builds. A step is undefined if its build did not have the instruction or did not reach it. */
export interface StepPair {
  readonly text: string;
  readonly before: Step | undefined;
  readonly after: Step | undefined;
}

export interface PlatformPair {
  readonly platform: Platform;
  readonly before: Job | undefined;
  readonly after: Job | undefined;
  readonly steps: readonly StepPair[];
  /** The duration of the longest step in both builds, in milliseconds; at least 1. */
  readonly longestMs: number;
}

/** Sorts two builds by creation time. */
export function oldestFirst(one: Build, other: Build): readonly [before: Build, after: Build] {
  return one.createdAt <= other.createdAt ? [one, other] : [other, one];
}

/** The platforms of both builds, starting with the platforms of the later build. */
export function comparePlatforms(before: Build, after: Build): PlatformPair[] {
  const platforms = [...new Set([...after.jobs, ...before.jobs].map(({ platform }) => platform))];
  return platforms.map((platform) => {
    const jobs = {
      before: before.jobs.find((job) => job.platform === platform),
      after: after.jobs.find((job) => job.platform === platform),
    };
    const steps = pairSteps(jobs.before?.steps ?? [], jobs.after?.steps ?? []);
    const longestMs = Math.max(
      1,
      ...steps.flatMap(({ before: one, after: other }) =>
        [one, other].map((step) => (step?.cached ? 0 : (step?.durationMs ?? 0))),
      ),
    );
    return { platform, ...jobs, steps, longestMs };
  });
}

export interface OptionPair {
  readonly name: RequestOptionName;
  readonly label: string;
  readonly flag: string | undefined;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly isSame: boolean;
}

/** The options that differ from their defaults in one of two builds. */
export function compareOptions(before: Build, after: Build): OptionPair[] {
  return requestOptionNames
    .filter((name) => [before, after].some(({ request }) => isChanged(name, request[name])))
    .map((name) => {
      const one = linesOf(name, before.request);
      const other = linesOf(name, after.request);
      return {
        name,
        label: optionLabel(name),
        flag: optionFlag(name, after.request[name] ?? before.request[name]),
        before: one,
        after: other,
        isSame: JSON.stringify(one) === JSON.stringify(other),
      };
    })
    .filter(({ name, isSame }) => name !== 'file' || !isSame);
}

function linesOf(name: RequestOptionName, request: Build['request']): readonly string[] {
  const value = request[name] ?? defaultOf(name);
  return value === undefined ? [] : optionValueLines(name, value);
}

/** The alignment of two lists takes space for each pair of steps. Longer lists are paired in their order. */
const maxAlignedPairs = 4_000_000;

/** Aligns two lists of steps: pairs as many equal instructions as possible (longest common subsequence). */
export function pairSteps(before: readonly Step[], after: readonly Step[]): StepPair[] {
  if (before.length * after.length > maxAlignedPairs) {
    return pairInOrder(before, after);
  }
  const commonLengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const commonLength = (row: number, column: number): number => commonLengths[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      const lengths = commonLengths[row];
      if (lengths) {
        lengths[column] =
          before[row]?.name === after[column]?.name
            ? commonLength(row + 1, column + 1) + 1
            : Math.max(commonLength(row + 1, column), commonLength(row, column + 1));
      }
    }
  }
  const pairs: StepPair[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const left = before[row];
    const right = after[column];
    if (left && right && left.name === right.name) {
      pairs.push({ text: left.name, before: left, after: right });
      row += 1;
      column += 1;
    } else if (left && (!right || commonLength(row + 1, column) >= commonLength(row, column + 1))) {
      pairs.push({ text: left.name, before: left, after: undefined });
      row += 1;
    } else if (right) {
      pairs.push({ text: right.name, before: undefined, after: right });
      column += 1;
    }
  }
  return pairs;
}

function pairInOrder(before: readonly Step[], after: readonly Step[]): StepPair[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
    text: after[index]?.name ?? before[index]?.name ?? '',
    before: before[index],
    after: after[index],
  }));
}

export interface Change {
  readonly kind: 'faster' | 'slower' | 'same';
  readonly text: string;
}

/** How the duration of a step changed. Undefined if it was cached in one of the builds: a cached step was not run. */
export function stepChange(before: Step | undefined, after: Step | undefined): Change | undefined {
  return before?.cached || after?.cached ? undefined : changeOf(before?.durationMs, after?.durationMs);
}

/** How a duration changed. Changes below half a second or 5 % count as noise. Undefined if a duration is missing. */
export function changeOf(before: number | undefined, after: number | undefined): Change | undefined {
  if (before === undefined || after === undefined) {
    return undefined;
  }
  const difference = after - before;
  if (Math.abs(difference) < Math.max(500, before * 0.05)) {
    return { kind: 'same', text: wordOf('same') };
  }
  const kind = difference < 0 ? 'faster' : 'slower';
  return { kind, text: `${formatDuration(Math.abs(difference))} ${wordOf(kind)}` };
}
