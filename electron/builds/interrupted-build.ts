import { type Build, isEnd } from '../../shared/build.ts';
import type { ManifestList } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';

/**
 * The outcome of a build whose process ended before it recorded one: done if its manifest list is stored, else failed.
 * @param findList finds the manifest list that is stored under a reference
 */
export async function outcomeOfInterrupted(
  build: Build,
  findList: (reference: string) => Promise<ManifestList>,
): Promise<Build> {
  const list =
    build.jobs.every(({ status }) => status === 'done') && !build.request.push?.direct
      ? await findList(build.reference).catch(() => undefined)
      : undefined;
  return list && isListOf(list, build)
    ? { ...withEndedPush(build), status: 'done', list }
    : failed(withEndedPush(build));
}

function withEndedPush(build: Build): Build {
  if (build.push?.status !== 'running') {
    return build;
  }
  const { problem } = fail(
    'push.cancelled',
    `Barnraiser was closed before ${build.push.destination} was pushed.`,
    'Push the image again: blobs that were uploaded are not sent again.',
  );
  return { ...build, push: { ...build.push, status: 'failed', problem } };
}

function isListOf({ entries }: ManifestList, { jobs }: Build): boolean {
  return (
    entries.length === jobs.length &&
    jobs.every((job) => entries.some(({ platform, digest }) => platform === job.platform && digest === job.digest))
  );
}

function failed(build: Build): Build {
  const { problem } = fail(
    'build.incomplete',
    `Barnraiser was closed while it built ${build.reference}.`,
    'Start the build again. Finished steps are cached on the nodes.',
  );
  const jobs = build.jobs.map((job) => (isEnd(job.status) ? job : { ...job, status: 'failed' as const, problem }));
  return { ...build, status: 'failed', problem, jobs };
}
