/** Builds an image again from nothing, and compares. Nothing of it replaces the image. */
import { randomBytes } from 'node:crypto';
import type { Build, BuildRequest } from '../../shared/build.ts';
import type { CallRequest } from '../../shared/contract.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Difference, Reproduction } from '../../shared/reproduction.ts';
import { findDifferences } from '../comparison/exact-differences.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { StoredList } from '../images/stored-list.ts';
import type { Builds } from './builds.ts';

export interface ReproduceServices {
  readonly builds: Pick<Builds, 'start' | 'ended' | 'get' | 'list' | 'cancel'>;
  readonly store: ImageStore;
  /** Removes an image from local storage. */
  readonly remove: (reference: string) => Promise<unknown>;
}

/**
 * Repeats the build of a stored image without cache, under a temporary name, and compares the digests of all platforms.
 * @param request `build`: default: the newest build whose image it is
 * @throws Failure `image.unknown`, `build.unknown`, that of the build, `call.cancelled`; the reason of the signal
 */
export async function reproduceImage(
  services: ReproduceServices,
  { reference, build: id }: CallRequest<'images.reproduce'>,
  signal: AbortSignal,
): Promise<Reproduction> {
  const { builds, store, remove } = services;
  const { stored, lease } = await store.leaseList(reference);
  try {
    const build = id === undefined ? await findBuild(services, reference, stored) : await builds.get(id);
    const temporary = `barnraiser-reproduction/${randomBytes(6).toString('hex')}:1`;
    const rebuilt = await rebuild(services, build, temporary, signal);
    try {
      return await compare(services, { reference, stored, build, rebuilt, temporary }, signal);
    } finally {
      await remove(temporary);
    }
  } finally {
    await lease.release();
  }
}

/** The newest build that made the image, or of which it has an image. */
async function findBuild(
  { builds }: Pick<ReproduceServices, 'builds'>,
  reference: string,
  { list, images }: StoredList,
): Promise<Build> {
  const { entries } = await builds.list({ filter: { text: reference }, limit: 100 });
  const candidates = entries.filter((entry) => entry.reference === reference && entry.status === 'done');
  for (const { id } of candidates) {
    const build = await builds.get(id);
    const isOf = build.jobs.some(({ digest }) => images.some((image) => image.digest === digest));
    if (build.list?.digest === list.digest || isOf) {
      return build;
    }
  }
  throw fail(
    'build.unknown',
    `There is no build of ${reference} in the history.`,
    'Build it on this computer first, or name a build: barnraiser builds lists them.',
  );
}

async function rebuild(
  { builds }: Pick<ReproduceServices, 'builds'>,
  build: Build,
  reference: string,
  signal: AbortSignal,
): Promise<Build> {
  const { id } = await builds.start(requestFor(build, reference), { retried: { build, finished: [] } }, signal);
  const cancel = (): void => void builds.cancel(id).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await builds.ended(id);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  signal.throwIfAborted();
  const ended = await builds.get(id);
  if (ended.status !== 'done' || !ended.list) {
    throw ended.problem
      ? new Failure(ended.problem)
      : fail('build.incomplete', `Build ${id} did not complete.`, 'Start it again.');
  }
  return ended;
}

/** The same request without what goes elsewhere, or says when it was made. */
function requestFor(build: Build, reference: string): BuildRequest {
  const { push: _push, bake: _bake, trigger: _trigger, outputs: _outputs, ...request } = build.request;
  return {
    ...request,
    reference,
    platforms: build.jobs.map(({ platform }) => platform),
    noCache: true,
    skip: false,
    retention: request.retention === 'tagged' ? 'cache' : request.retention,
    ...{ provenance: false, sbom: false, sign: false, signKey: undefined },
    ...{
      furtherNames: undefined,
      attest: undefined,
      attestInList: undefined,
      cacheTo: undefined,
      releaseTag: undefined,
      archTags: undefined,
    },
  };
}

interface Comparison {
  readonly reference: string;
  readonly stored: StoredList;
  readonly build: Build;
  readonly rebuilt: Build;
  readonly temporary: string;
}

async function compare(
  { store }: Pick<ReproduceServices, 'store'>,
  { reference, stored, build, rebuilt, temporary }: Comparison,
  signal: AbortSignal,
): Promise<Reproduction> {
  const { stored: again, lease } = await store.leaseList(temporary);
  try {
    const platforms: Reproduction['platforms'] = [];
    for (const image of stored.images) {
      const other = again.images.find(({ platform }) => platform === image.platform);
      const { differences, moreDifferences } = other
        ? await findDifferences(store.blobs, image, other, signal)
        : { differences: [], moreDifferences: 0 };
      platforms.push({
        platform: image.platform,
        digest: image.digest,
        ...(other ? { newDigest: other.digest } : {}),
        isReproduced: other?.digest === image.digest,
        differences,
        moreDifferences,
      });
    }
    return {
      reference,
      build: build.id,
      rebuild: rebuilt.id,
      digest: stored.list.digest,
      newDigest: again.list.digest,
      isReproduced: platforms.every((each) => each.isReproduced),
      platforms,
      advice: adviceFor(
        platforms.flatMap(({ differences }) => differences),
        build,
        rebuilt,
      ),
    };
  } finally {
    await lease.release();
  }
}

/** What would make the next build the same, as far as the differences show it. */
function adviceFor(differences: readonly Difference[], build: Build, rebuilt: Build): string[] {
  const { timestamp, sourceDateEpoch, rewriteTimestamp } = build.request;
  const hasTime = timestamp !== undefined || sourceDateEpoch !== undefined;
  const isTime = ({ part, name }: Difference): boolean => part === 'configuration' && /(^|\.)created$/.test(name);
  const isFileTime = ({ part, text }: Difference): boolean => part === 'file' && /(^|, )time /.test(text);
  const isContent = ({ part, text }: Difference): boolean => part === 'file' && /\bcontent\b|only in the/.test(text);
  return [
    ...(build.context?.digest !== rebuilt.context?.digest && build.context
      ? ['The files of the project have changed since the image was built.']
      : []),
    ...(differences.some(isTime) && !hasTime
      ? ['The image has the time when it was built. Set it with --timestamp (podman) or --source-date-epoch.']
      : []),
    ...(differences.some(isTime) && hasTime && !build.request.noCache
      ? ['Steps came from a cache, where they have other times. Build the image with --no-cache.']
      : []),
    ...(differences.some(isFileTime) && timestamp === undefined && !rewriteTimestamp
      ? ['Files have the time when a step wrote them. Set it with --timestamp (podman), or add --rewrite-timestamp.']
      : []),
    ...(differences.some(isContent) ? ['Steps write other content each time: look at the files that are named.'] : []),
  ];
}
