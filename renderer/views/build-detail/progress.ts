import type { Job, Step } from '../../../shared/build.ts';
import { type ContainerfileSource, stageLengths } from './containerfile-source.ts';

/** The position of a step among all steps of its job, counted from 1 across all stages. */
export interface StepPosition {
  readonly index: number;
  readonly total: number;
  readonly text: string;
}

/** The stage of a step: podman counts steps from 1 in each stage and reports the stage as `2/3`. */
export function stageOf(step: Step): { readonly number: number; readonly count: number } | undefined {
  const match = /^(\d+)\/(\d+)$/.exec(step.stage ?? '');
  return match ? { number: Number(match[1]), count: Number(match[2]) } : undefined;
}

/**
 * The position of a step among all steps of its job. The length of a stage that has not started comes from the
 * Containerfile. A stage that was skipped counts nothing: the engine skips stages that the image does not need.
 */
export function stepPosition(job: Job, step: Step, source: ContainerfileSource | undefined): StepPosition {
  const { text } = step;
  const stage = stageOf(step);
  if (!stage) {
    return { index: step.index, total: step.total, text };
  }
  const startedStages = new Map<number, number>();
  for (const each of job.steps) {
    const started = stageOf(each);
    if (started) {
      startedStages.set(started.number, each.total);
    }
  }
  const newestStage = Math.max(...startedStages.keys());
  const lengths = source ? stageLengths(source) : [];
  let total = 0;
  for (let number = 1; number <= stage.count; number += 1) {
    total += startedStages.get(number) ?? (number > newestStage ? (lengths[number - 1] ?? 0) : 0);
  }
  return { index: job.steps.indexOf(step) + 1, total, text };
}

/** An instruction for use in a sentence: on one line and without `RUN`, which most instructions start with. */
export function shortInstruction(text: string): string {
  return text.replace(/^RUN\s+/, '').replaceAll(/\s+/g, ' ');
}
