/** What is resumed of a build whose process ended before it did. */
import type { Build, BuildRequest, Job } from '../../shared/build.ts';
import { fail } from '../../shared/problem.ts';
import { platformsOf } from './optional-platforms.ts';
import type { PreparedBuild } from './prepare-build.ts';

/** The request of an interrupted build, for the platforms that it had. */
export function resumedRequest(build: Build): BuildRequest {
  return { ...build.request, platforms: platformsOf(build) };
}

/**
 * Refuses to build the rest of a list from other files than the images that it has already.
 * @param containerfile that of the interrupted build
 * @throws Failure `build.changed`, and those of the packing
 */
export async function assertUnchanged(
  build: Build,
  finished: readonly Job[],
  containerfile: string,
  prepared: Pick<PreparedBuild, 'containerfile' | 'packing'>,
): Promise<void> {
  if (finished.length === 0) {
    return;
  }
  const { digest } = build.context ?? {};
  const hasChanged =
    (containerfile !== '' && containerfile !== prepared.containerfile.content.toString('utf8')) ||
    (digest !== undefined && ((await prepared.packing?.differsFrom(digest)) ?? false));
  if (hasChanged && finished.length < platformsOf(build).length) {
    throw fail(
      'build.changed',
      `The project has changed since the build ${build.id} was interrupted. Its list would have images of both versions.`,
      'Build it again, or resume it with the changed files.',
    ).offering({ id: 'resume-changed', build: build.id });
  }
}
