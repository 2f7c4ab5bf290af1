import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import { formatList } from '../../../shared/format.ts';
import type { ProblemCode } from '../../../shared/problem.ts';
import { failedStepOf, type Step } from '../../../shared/step.ts';
import { type DisplayPhase, phaseWord } from '../../parts/PhaseBadge.tsx';

/** Whether Barnraiser stopped while a build or job was running. Its status is `failed` then, without a duration. */
export function isInterrupted({ status, problem, durationMs }: Pick<Build | Job, 'status' | 'problem' | 'durationMs'>) {
  return status === 'failed' && problem?.code === 'build.incomplete' && durationMs === undefined;
}

/** The phase of a job and the text for it, which is more specific than the word of the phase. */
export function displayPhaseOf(job: Job): { readonly phase: DisplayPhase; readonly text: string } {
  if (isInterrupted(job)) {
    return { phase: 'warning', text: 'Interrupted' };
  }
  if (job.status === 'done' && job.skipped) {
    return { phase: 'cached', text: 'Unchanged' };
  }
  return { phase: job.status, text: phaseWord(job.status) };
}

/** The step that a job failed at. Undefined if it did not fail, or failed while sending the context or transferring the image. */
export function failedStep(job: Job): Step | undefined {
  return job.status === 'failed' && !isInterrupted(job) ? failedStepOf(job) : undefined;
}

/** When a job ended, in milliseconds since 1970. */
export function jobEndTime({ startedAt, durationMs }: Job): number | undefined {
  return startedAt === undefined || durationMs === undefined ? undefined : Date.parse(startedAt) + durationMs;
}

export function cachedCount(job: Job): number {
  return job.steps.filter(({ cached }) => cached).length;
}

/** Why a node could not finish a job, unless it was lost. */
const lossWords: Partial<Readonly<Record<ProblemCode, string>>> = {
  'connection.removed': 'was removed',
  'connection.changed': 'was changed',
  'disk.full': 'ran out of disk space',
  'engine.runtime': 'failed',
};

/** `pi4 was lost`, `pi4 was removed`. */
export function lossText({ node, problem }: Job['lost'][number]): string {
  return `${node} ${lossWords[problem.code] ?? 'was lost'}`;
}

/** `pi4 was lost; big-arm took over`. Undefined if no node was lost. */
export function lostNodesText({ lost, node, status }: Job): string | undefined {
  if (lost.length === 0) {
    return undefined;
  }
  const losses = formatList(lost.map(lossText));
  const hasTakenOver = !isEnd(status) || lost.every((loss) => loss.node !== node);
  return hasTakenOver ? `${losses}; ${node} took over` : losses;
}
