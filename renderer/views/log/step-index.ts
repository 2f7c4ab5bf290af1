import type { Step } from '../../../shared/build.ts';

/** A line of a log at which a step starts: `STEP 4/10: RUN npm ci`. `line` counts from 0. */
export interface StepStart {
  readonly line: number;
  readonly index: number;
  readonly total: number;
  readonly text: string;
}

/** The step that starts at a line, or undefined. */
export function parseStepLine(line: number, text: string): StepStart | undefined {
  const match = /^STEP (\d{1,5})\/(\d{1,5}): (.*)$/.exec(text);
  return match ? { line, index: Number(match[1]), total: Number(match[2]), text: match[3] ?? '' } : undefined;
}

/**
 * The steps among lines that look like steps, in the order of the lines. A program can print such a line as well, so a line
 * counts only if it follows the previous step of its stage, or is the first step of a stage: stages start at 1, and another
 * node that takes over starts at 1 again.
 */
export function sequentialSteps(candidates: Iterable<StepStart>): StepStart[] {
  const byLine = new Map([...candidates].map((start) => [start.line, start]));
  const steps: StepStart[] = [];
  /** The newest step of each stage that has started: stages can run concurrently. */
  const openSteps = new Set<StepStart>();
  for (const start of [...byLine.values()].sort((a, b) => a.line - b.line)) {
    const previous = [...openSteps].findLast(({ index, total }) => start.index === index + 1 && start.total === total);
    if (start.index === 1 || previous) {
      steps.push(start);
      openSteps.add(start);
      if (previous) {
        openSteps.delete(previous);
      }
    }
  }
  return steps;
}

/** The runs of steps by the line at which they start. Lines of attempts on lost nodes have no run. */
export function matchRuns(starts: readonly StepStart[], runs: readonly Step[]): Map<number, Step> {
  const byLine = new Map<number, Step>();
  let last = runs.length - 1;
  for (let index = starts.length - 1; index >= 0 && last >= 0; index -= 1) {
    const start = starts[index];
    const runIndex = start && lastRunIndex(runs, last, start);
    if (start && runIndex !== undefined) {
      const run = runs[runIndex];
      if (run) {
        byLine.set(start.line, run);
      }
      last = runIndex - 1;
    }
  }
  return byLine;
}

function lastRunIndex(runs: readonly Step[], from: number, start: StepStart): number | undefined {
  for (let index = from; index >= 0; index -= 1) {
    const run = runs[index];
    if (run && run.index === start.index && run.total === start.total && oneLine(run.text) === start.text) {
      return index;
    }
  }
  return undefined;
}

/** The text of a step as a log prints it: without line breaks. */
export function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

/** The index in `starts` of the step that a line belongs to; -1 for lines before the first step. */
export function stepIndexAt(starts: readonly StepStart[], line: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle]?.line ?? 0) <= line) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
