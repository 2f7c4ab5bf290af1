import type { Step } from '../../../shared/build.ts';

/** A line of a log that begins a step: `STEP 4/10: RUN npm ci`. `line` counts from 0. */
export interface StepStart {
  readonly line: number;
  readonly index: number;
  readonly total: number;
  readonly text: string;
}

/** The step that a line begins, or undefined. */
export function parseStepLine(line: number, text: string): StepStart | undefined {
  const match = /^STEP (\d{1,5})\/(\d{1,5}): (.*)$/.exec(text);
  return match ? { line, index: Number(match[1]), total: Number(match[2]), text: match[3] ?? '' } : undefined;
}

/**
 * The steps among lines that look like them, in the order of their lines. A program may print what looks like a step, too:
 * only the one that follows is, or the first, with which another stage begins or another node begins anew.
 */
export function stepsAmong(candidates: Iterable<StepStart>): StepStart[] {
  const byLine = new Map([...candidates].map((start) => [start.line, start]));
  const steps: StepStart[] = [];
  /** The newest step of each stage that has begun: stages may run beside each other. */
  const open = new Set<StepStart>();
  for (const start of [...byLine.values()].sort((a, b) => a.line - b.line)) {
    const before = [...open].findLast(({ index, total }) => start.index === index + 1 && start.total === total);
    if (start.index === 1 || before) {
      steps.push(start);
      open.add(start);
      if (before) {
        open.delete(before);
      }
    }
  }
  return steps;
}

/** What is known of each step as it ran, by the line it begins at. A log may hold steps of nodes that were lost before. */
export function runsOf(starts: readonly StepStart[], runs: readonly Step[]): Map<number, Step> {
  const found = new Map<number, Step>();
  let next = runs.length - 1;
  for (let at = starts.length - 1; at >= 0 && next >= 0; at -= 1) {
    const start = starts[at];
    const run = start && lastMatch(runs, next, start);
    if (start && run !== undefined) {
      const step = runs[run];
      if (step) {
        found.set(start.line, step);
      }
      next = run - 1;
    }
  }
  return found;
}

function lastMatch(runs: readonly Step[], from: number, start: StepStart): number | undefined {
  for (let at = from; at >= 0; at -= 1) {
    const run = runs[at];
    if (run && run.index === start.index && run.total === start.total && oneLine(run.text) === start.text) {
      return at;
    }
  }
  return undefined;
}

/** The text of a step as it stands in a log, where a line end would begin another line. */
export function oneLine(text: string): string {
  return text.replaceAll('\n', ' ');
}

/** The position in `starts` of the step that a line belongs to, or -1 for lines before the first. */
export function stepAt(starts: readonly StepStart[], line: number): number {
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
