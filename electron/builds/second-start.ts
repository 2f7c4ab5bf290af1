import type { Job } from '../../shared/build.ts';
import { formatDuration } from '../../shared/format.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import type { Unavailable } from '../nodes/unavailable.ts';
import type { ScheduleInput } from '../scheduling/schedule.ts';
import { otherNode } from './take-over.ts';

/** A job is not slow before it has run so long, in milliseconds, whatever its estimate. */
const minSlowMs = 30_000;

/** A job is slow when it has run so many times longer than the upper end of its estimate. */
const slowFactor = 2;

/**
 * How long a job runs before it may be started a second time, in milliseconds.
 * @param when `auto`: when it is slow by its estimate. A number of seconds. `off`: never
 * @returns undefined if it may not: also if it has no estimate to be measured by
 */
export function slowAfterMs(when: string | undefined, { estimate }: Pick<Job, 'estimate'>): number | undefined {
  if (when === undefined || when === 'off') {
    return undefined;
  }
  if (when !== 'auto') {
    return Number(when) * 1000;
  }
  return estimate && Math.max(minSlowMs, slowFactor * estimate.high);
}

export interface SecondStartInput extends Omit<ScheduleInput, 'platforms' | 'lastBuiltOn' | 'pins'> {
  readonly job: Pick<Job, 'platform' | 'node' | 'mode'>;
  /** How long it has run on its node. */
  readonly elapsedMs: number;
  readonly load: NodeLoads;
  readonly unavailable: Unavailable;
  /** Whether two connections lead to the same machine. */
  readonly isSameMachine: (one: string, other: string) => boolean;
}

/**
 * The node on which a slow job is started a second time: another machine with a free slot, native if the job is. What a job has left
 * that is late is not known; it is expected to take as long again as it has taken. So the other node has to be faster than that.
 */
export function secondStart(input: SecondStartInput): Assignment | undefined {
  const { job, elapsedMs, isSameMachine } = input;
  const nodes = input.nodes.filter(({ connection }) => !isSameMachine(connection, job.node));
  const found = otherNode({ ...input, nodes }, true);
  return found && (found.estimate?.ms ?? 0) < elapsedMs
    ? { ...found, reason: `${found.reason}; ${job.node} takes longer than expected` }
    : undefined;
}

/** Why an attempt does not count: another one had the image first. */
export function slowerFailure({ platform, node }: Pick<Job, 'platform' | 'node'>, elapsedMs: number): Failure {
  return fail(
    'node.slow',
    `Node ${node} had not built ${platform} after ${formatDuration(elapsedMs)}, when another node had.`,
    'If that happens again, give the node a lower weight, or exclude it.',
  );
}
