import { isEnd, type Job } from '../../../shared/build.ts';
import { formatList } from '../../../shared/format.ts';
import type { ProblemCode } from '../../../shared/problem.ts';
import { failedStepOf, type Step } from '../../../shared/step.ts';
import { type DisplayPhase, phaseWord } from '../../parts/PhaseBadge.tsx';

/** The phase of a job and the text for it, which is more specific than the word of the phase. */
export function displayPhaseOf(job: Job): { readonly phase: DisplayPhase; readonly text: string } {
  if (job.status === 'done' && job.skipped) {
    return { phase: 'cached', text: 'Unchanged' };
  }
  return { phase: job.status, text: phaseWord(job.status) };
}

/** The step that a job failed at. Undefined if it did not fail, or failed while sending the context or transferring the image. */
export function failedStep(job: Job): Step | undefined {
  return job.status === 'failed' ? failedStepOf(job) : undefined;
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
  'build.failed': 'failed at a step',
  'build.no-image': 'made no image',
  'engine.answer': 'gave no valid answer',
  'engine.memory': 'ran out of memory',
  'engine.no-socket': 'has no engine',
  'engine.pull': 'could not get a base image',
  'engine.refused': 'refused the build',
  'engine.runtime': 'failed',
  'engine.unreachable': 'lost its engine',
  'engine.unsupported': 'cannot build this',
  'image.corrupt': 'sent a damaged image',
  'image.incomplete': 'did not send the whole image',
  'image.platform': 'sent an image for another platform',
  'node.slow': 'took too long',
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
