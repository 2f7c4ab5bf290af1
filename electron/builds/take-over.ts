import type { Job } from '../../shared/build.ts';
import type { JobTime } from '../../shared/emulation.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { NodeLoad } from '../nodes/node-load.ts';
import type { Unavailable } from '../nodes/unavailable.ts';
import { type ScheduleInput, schedule } from '../scheduling/schedule.ts';

/** How often a job may be taken over before it starts. */
export const maxTakeOvers = 3;

/** A job moves only if it is done so much earlier elsewhere: in milliseconds, and as a share of its time. */
const minGain = { ms: 1_000, share: 0.1 };

export interface TakeOverInput extends Omit<ScheduleInput, 'platforms' | 'lastBuiltOn' | 'pins'> {
  /** A job that waits for a slot of its node, after as many other waiting jobs as `ahead`. */
  readonly job: Pick<Job, 'platform' | 'node' | 'mode'>;
  readonly ahead: number;
  readonly load: NonNullable<ScheduleInput['load']>;
  readonly unavailable: Unavailable;
  readonly times: readonly Pick<JobTime, 'platform' | 'node' | 'ms'>[];
}

/**
 * The node that takes over a job that has not started: one with a free slot, native if the job has a native node, where the job is
 * done earlier, as far as the times of jobs are known. From a node that gets no jobs now, it moves to any other.
 * @returns undefined if the job stays where it is
 */
export function takeOver(input: TakeOverInput): Assignment | undefined {
  const { job, unavailable } = input;
  if (Object.hasOwn(unavailable, job.node)) {
    const found = otherNode(input, false);
    return found && { ...found, reason: `${found.reason}; moved from ${job.node}, which gets no jobs now` };
  }
  const found = otherNode(input, true);
  return found && isDoneEarlier(input, found.node)
    ? { ...found, reason: `${found.reason}; took over from ${job.node}, which had no free slot` }
    : undefined;
}

/**
 * The best node for a job besides its own. Not one that gets no jobs now.
 * @param isIdle it has to have a free slot, and must not emulate what its own node runs natively
 */
export function otherNode(
  input: Pick<TakeOverInput, 'job' | 'nodes' | 'load' | 'unavailable'> & ScheduleInput,
  isIdle: boolean,
): Assignment | undefined {
  const { job, load, unavailable } = input;
  const nodes = input.nodes.filter(
    ({ connection }) =>
      connection !== job.node && !Object.hasOwn(unavailable, connection) && (!isIdle || hasFreeSlot(load[connection])),
  );
  const [found] = schedule({ ...input, platforms: [job.platform], nodes }).assignments;
  return isIdle && job.mode === 'native' && found?.mode === 'emulated' ? undefined : found;
}

function hasFreeSlot(load: NodeLoad | undefined): boolean {
  return load !== undefined && load.jobs.length < load.slots;
}

/** Whether a job that starts now on another node ends before it would on its own. Without times, an earlier start decides. */
function isDoneEarlier({ job, ahead, load, times }: TakeOverInput, other: string): boolean {
  const msOn = (node: string): number | undefined =>
    times.find((time) => time.platform === job.platform && time.node === node)?.ms;
  const here = msOn(job.node);
  const there = msOn(other);
  if (here === undefined || there === undefined) {
    return true;
  }
  const wait = waitMs(load[job.node], ahead) ?? (here / 2) * (ahead + 1);
  return there + Math.max(minGain.ms, minGain.share * there) < wait + here;
}

/** How long a job waits, in milliseconds. Undefined unless it is known of all jobs before it how long they take. */
function waitMs(load: NodeLoad | undefined, ahead: number): number | undefined {
  if (!load) {
    return undefined;
  }
  const before = load.jobs.slice(0, load.slots + ahead).map(({ remainingMs }) => remainingMs);
  const ends: number[] = [];
  for (const ms of before) {
    if (ms === undefined) {
      return undefined;
    }
    // the first ones run; each of the others starts when the next slot is free
    ends.sort((one, other) => one - other);
    ends.push(ms + (ends.length < load.slots ? 0 : (ends.shift() ?? 0)));
  }
  return Math.min(...ends, Number.MAX_SAFE_INTEGER);
}
