import type { Step } from '../../../shared/step.ts';

/** A step that the log names in a line of its own. */
export type LoggedStep = Step & { readonly firstLine: number };

/** The steps that a log names, in the order of their lines. Logs of older versions name none. */
export function loggedSteps(steps: readonly Step[]): LoggedStep[] {
  return steps.filter((step): step is LoggedStep => step.firstLine !== undefined);
}

/** The index of the step that was named last before or at a line; -1 for lines before the first step. */
export function stepIndexAt(steps: readonly Pick<LoggedStep, 'firstLine'>[], line: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.firstLine ?? 0) <= line) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}
