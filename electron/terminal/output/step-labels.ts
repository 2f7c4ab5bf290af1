import type { Step } from '../../../shared/step.ts';

/**
 * Labels the lines of a log that belong to another step than the one that the log named last: `[3/10] text`. The lines of steps
 * that run at once are mixed.
 */
export class StepLabels {
  readonly #steps = new Map<string, Step>();
  /** The id of the step that was named last. */
  #named: string | undefined;

  /** @param steps those that are known; others follow by {@link add}. */
  constructor(steps: readonly Step[] = []) {
    for (const step of steps) {
      this.add(step);
    }
  }

  /** To be called before the lines of the step. */
  add(step: Step): void {
    this.#steps.set(step.id, step);
  }

  /** To be called for all lines in their order. @param number the number of the line in the log, counted from 0 */
  labelled(number: number, text: string, stepId: string | null | undefined): string {
    const step = stepId ? this.#steps.get(stepId) : undefined;
    if (step?.firstLine === number) {
      this.#named = step.id;
    }
    return step && step.id !== this.#named ? `[${step.index}/${step.total}] ${text}` : text;
  }
}
