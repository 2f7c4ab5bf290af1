import type { Job } from './build.ts';
import { formatClock } from './format.ts';

/** `moved from amd-a to amd-b: Node amd-a has no space left on its disk.`: each move of a job after a failure, oldest first. */
export function movesOf({ lost, node, status }: Pick<Job, 'lost' | 'node' | 'status'>): string[] {
  return lost.map((loss, index) => {
    const next = lost[index + 1]?.node ?? node;
    const hasMoved = next !== loss.node || status !== 'failed';
    return `${hasMoved ? `moved from ${loss.node} to ${next}` : `failed on ${loss.node}`}: ${loss.problem.message}`;
  });
}

/** `also on amd-b for 0:12`: the second attempt of a job that takes too long. Undefined unless both run. */
export function secondText({ second }: Pick<Job, 'second'>, now: number): string | undefined {
  return second?.state === 'running'
    ? `also on ${second.node} for ${formatClock(now - Date.parse(second.startedAt))}`
    : undefined;
}
