import { type Build, isEnd, type Job, lastStepOf, type Step } from '../../../shared/build.ts';
import type { Said } from '../../parts/PhaseBadge.tsx';
import { wordOf } from '../../parts/PhaseBadge.tsx';
import type { Source } from './source.ts';
import { stageLengths } from './source.ts';

/** Where a job is in its Containerfile, counted from 1 across all stages. */
export interface Progress {
  readonly index: number;
  readonly total: number;
  readonly text: string;
}

/** `2/3`: podman numbers steps from 1 in each stage, and says which stage it is. */
export function stageOf(step: Step): { readonly number: number; readonly count: number } | undefined {
  const match = /^(\d+)\/(\d+)$/.exec(step.stage ?? '');
  return match ? { number: Number(match[1]), count: Number(match[2]) } : undefined;
}

/**
 * The place of a step among all that its job runs. Where a stage has not begun yet, the Containerfile says how long it is;
 * a stage that was passed over is not needed for the image and counts nothing.
 */
export function progressOf(job: Job, step: Step, source: Source | undefined): Progress {
  const { text } = step;
  const stage = stageOf(step);
  if (!stage) {
    return { index: step.index, total: step.total, text };
  }
  const begun = new Map<number, number>();
  for (const each of job.steps) {
    const of = stageOf(each);
    if (of) {
      begun.set(of.number, each.total);
    }
  }
  const newest = Math.max(...begun.keys());
  const lengths = source ? stageLengths(source) : [];
  let total = 0;
  for (let number = 1; number <= stage.count; number += 1) {
    total += begun.get(number) ?? (number > newest ? (lengths[number - 1] ?? 0) : 0);
  }
  return { index: job.steps.indexOf(step) + 1, total, text };
}

/** Barnraiser ended while this was under way: it neither failed nor was it cancelled by anybody. */
export function isInterrupted({ status, problem, durationMs }: Pick<Build | Job, 'status' | 'problem' | 'durationMs'>) {
  return status === 'failed' && problem?.code === 'build.incomplete' && durationMs === undefined;
}

/** How close to the end of its job a step must have ended to be the one that ended it, in milliseconds. */
const togetherMs = 1_000;

/** The step that a failed job failed at, or undefined where something else failed: the context, the way back. */
export function failedStep(job: Job): Step | undefined {
  const last = lastStepOf(job);
  if (job.status !== 'failed' || !last || isInterrupted(job)) {
    return undefined;
  }
  if (job.problem?.code === 'build.failed' || last.durationMs === undefined) {
    return last;
  }
  const end = endOf(job);
  const stepEnd = Date.parse(last.startedAt) + last.durationMs;
  return end === undefined || end - stepEnd < togetherMs ? last : undefined;
}

/** When a job ended, in milliseconds since 1970. */
export function endOf({ startedAt, durationMs }: Job): number | undefined {
  return startedAt === undefined || durationMs === undefined ? undefined : Date.parse(startedAt) + durationMs;
}

export function cachedCount(job: Job): number {
  return job.steps.filter(({ cached }) => cached).length;
}

/** The phase of a job with its word, where the words of all phases are too general. */
export function phaseOf(job: Job): { readonly phase: Said; readonly word: string } {
  if (isInterrupted(job)) {
    return { phase: 'warning', word: 'Interrupted' };
  }
  if (job.status === 'queued' && job.lost.length === 0) {
    return { phase: 'queued', word: 'Waiting for a slot' };
  }
  return { phase: job.status, word: wordOf(job.status) };
}

/** An instruction as it is said in a sentence: without the RUN that nearly all have. */
export function spoken(text: string): string {
  return text.replace(/^RUN\s+/, '').replaceAll(/\s+/g, ' ');
}

/** `pi4 was lost, big-arm took over`, or undefined where no node was lost. */
export function lossOf({ lost, node, status }: Job): string | undefined {
  if (lost.length === 0) {
    return undefined;
  }
  const names = lost.map((loss) => loss.node).join(' and ');
  const was = lost.length === 1 ? 'was' : 'were';
  const tookOver = !isEnd(status) || lost.every((loss) => loss.node !== node);
  return tookOver ? `${names} ${was} lost, ${node} took over` : `${names} ${was} lost`;
}
