/** Platforms without which a build is done all the same. */
import type { Build, BuildRequest, Job } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Schedule } from '../../shared/schedule.ts';

type OptionalRequest = Pick<BuildRequest, 'platforms' | 'optionalPlatforms'>;

/** The platforms that a request names, with those that are optional. Undefined if it leaves them to the nodes. */
export function namedPlatforms({ platforms, optionalPlatforms = [] }: OptionalRequest): Platform[] | undefined {
  return platforms && [...new Set([...platforms, ...optionalPlatforms])];
}

/**
 * A schedule that has the optional platforms, too, of a request that leaves the others to the nodes.
 * @param schedule for these platforms, or for those that the nodes run natively
 */
export function withOptional(
  { platforms, optionalPlatforms = [] }: OptionalRequest,
  schedule: (platforms?: readonly Platform[]) => Schedule,
): Schedule {
  const first = schedule();
  const scheduled = [...first.assignments, ...first.unassigned].map(({ platform }) => platform);
  const added = platforms ? [] : optionalPlatforms.filter((platform) => !scheduled.includes(platform));
  return added.length === 0 ? first : schedule([...scheduled, ...added]);
}

export function isOptional({ optionalPlatforms = [] }: OptionalRequest, platform: Platform): boolean {
  return optionalPlatforms.includes(platform);
}

/**
 * The platforms that a build is done without, if it can be: jobs that are not done, and platforms that no node can build. Undefined
 * if one of them is not optional, or if nothing is built.
 */
export function missingPlatforms({
  request,
  schedule,
  jobs,
}: Pick<Build, 'request' | 'schedule' | 'jobs'>): Platform[] | undefined {
  const isDone = (job: Job): boolean => job.status === 'done';
  const missing = [...jobs.filter((job) => !isDone(job)), ...schedule.unassigned].map(({ platform }) => platform);
  return jobs.some(isDone) && missing.every((platform) => isOptional(request, platform)) ? missing : undefined;
}

/** All platforms of a build, also those that no node could build. */
export function platformsOf({ jobs, schedule }: Pick<Build, 'jobs' | 'schedule'>): Platform[] {
  return [...new Set([...jobs, ...schedule.unassigned].map(({ platform }) => platform))];
}
