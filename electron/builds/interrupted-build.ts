import { type Build, isEnd, type Job } from '../../shared/build.ts';
import type { ManifestList } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import type { Push } from '../../shared/push.ts';
import { missingPlatforms } from './optional-platforms.ts';

/**
 * The outcome of a build whose process ended before it recorded one: done if its manifest list is stored and was not to be
 * pushed any more, else interrupted.
 * @param findList finds the manifest list that is stored under a reference
 */
export async function outcomeOfInterrupted(
  build: Build,
  findList: (reference: string) => Promise<ManifestList>,
): Promise<Build> {
  const missing = build.jobs.every(({ status }) => isEnd(status)) ? missingPlatforms(build) : undefined;
  const list =
    missing && !build.request.push?.direct ? await findList(build.reference).catch(() => undefined) : undefined;
  if (!missing || !list || !isListOf(list, build)) {
    return interrupted(build);
  }
  const stored = { ...build, list, ...(missing.length > 0 ? { missing } : {}) };
  return isPushed(build) ? { ...stored, status: 'done' } : interrupted(stored);
}

/** Whether nothing of the push that a build asks for is left to do. */
function isPushed({ request, push }: Build): boolean {
  return !request.push || (push !== undefined && push.status !== 'running');
}

function isListOf({ entries }: ManifestList, { jobs }: Build): boolean {
  const done = jobs.filter(({ status }) => status === 'done');
  return (
    entries.length === done.length &&
    done.every((job) => entries.some(({ platform, digest }) => platform === job.platform && digest === job.digest))
  );
}

function interrupted(build: Build): Build {
  const { problem } = fail(
    'build.incomplete',
    build.list
      ? `Barnraiser was closed before ${build.push?.destination ?? build.reference} was pushed.`
      : `Barnraiser was closed while it built ${build.reference}.`,
    'Resume the build. What is finished is not built, transferred or pushed again.',
  );
  const jobs = build.jobs.map((job): Job => {
    const second = job.second?.state === 'running' ? { second: { ...job.second, state: 'stopped' as const } } : {};
    return isEnd(job.status) ? job : { ...job, ...second, status: 'interrupted' };
  });
  const ended = (push: Push): Push => (push.status === 'running' ? { ...push, status: 'cancelled', problem } : push);
  const further = build.furtherPushes?.map(ended);
  return {
    ...{ ...build, status: 'interrupted', problem, jobs },
    ...(build.push ? { push: ended(build.push) } : {}),
    ...(further ? { furtherPushes: further } : {}),
  };
}
