import { z } from 'zod';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import { tagPath } from '../api/image-requests.ts';
import type { DiskUsage, EngineBuild } from '../engine.ts';
import { isCacheName, isNameOfBuild, isStaleImageName } from '../temporary-name.ts';
import { listCacheRecords, pruneBuildCache, readDiskUsage } from './build-cache.ts';

/** Sizes in bytes. */
const usageSchema = z.object({
  LayersSize: z.number().nullish(),
  Images: z
    .array(
      z.object({
        Id: z.string(),
        RepoTags: z.array(z.string()).nullish(),
        Size: z.number(),
        SharedSize: z.number().nullish(),
        Containers: z.number().nullish(),
      }),
    )
    .nullish(),
});

const imagesSchema = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));
const prunedSchema = z.object({ SpaceReclaimed: z.number().nullish() });

/** Adds a name to an image. */
export async function tagImage(docker: EngineApi, image: string, name: string): Promise<void> {
  const body = await docker.openStream(`tag the image as ${name}`, {
    method: 'POST',
    path: tagPath(image, 'tag', name),
    timeoutMs: requestTimeoutMs,
  });
  body.resume();
}

/**
 * Removes a name from an image. A name that does not exist is ignored. docker removes an image with its last name, but the
 * layers that BuildKit has cached stay.
 */
export async function untagImage(docker: EngineApi, name: string): Promise<void> {
  await removeImage(docker, name);
}

/**
 * Removes the names of a build whose process was killed or lost its node. docker has ended the build itself when its stream was
 * closed. See `CacheRetention.removeLeftovers`.
 */
export async function removeLeftovers(
  docker: EngineApi,
  { tag }: Pick<EngineBuild, 'tag'>,
  untag: (name: string) => Promise<void> = (name) => untagImage(docker, name),
): Promise<void> {
  const images = await docker.requestJson('list its images', imagesSchema, { method: 'GET', path: 'images/json' });
  for (const name of images.flatMap(({ RepoTags }) => RepoTags ?? [])) {
    if (isNameOfBuild(name, tag)) {
      await untag(name);
    }
  }
}

/**
 * Removes an image, never with force. docker responds with 409 if the image has more names, if containers use it, or if other
 * images are built on it.
 */
export async function removeImage(docker: EngineApi, image: string): Promise<boolean> {
  const action = 'remove the image';
  const response = await docker.send(action, {
    method: 'DELETE',
    path: `images/${encodeURIComponent(image)}`,
    timeoutMs: requestTimeoutMs,
  });
  if (response.status === 200) {
    response.body.resume();
    return true;
  }
  const message = await docker.readErrorMessage(response);
  if (response.status === 404 || response.status === 409) {
    return false;
  }
  throw docker.refusedProblem(action, message);
}

/**
 * Removes the temporary names that killed builds have left, dangling images, and the build cache that no build uses. Resolves
 * with the bytes freed.
 */
export async function pruneStorage(docker: EngineApi, signal?: AbortSignal): Promise<number> {
  return (await pruneImages(docker, isStaleImageName, signal)) + (await pruneBuildCache(docker, undefined, signal));
}

/** Removes the names that are unneeded, and dangling images. Resolves with the bytes that the latter took. */
export async function pruneImages(
  docker: EngineApi,
  isUnneeded: (name: string) => boolean,
  signal?: AbortSignal,
): Promise<number> {
  const images = await docker.requestJson('list its images', imagesSchema, {
    method: 'GET',
    path: 'images/json',
    signal,
  });
  for (const name of images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => isUnneeded(name))) {
    signal?.throwIfAborted();
    await untagImage(docker, name);
  }
  const { SpaceReclaimed } = await docker.requestJson('prune its images', prunedSchema, {
    method: 'POST',
    path: 'images/prune',
    timeoutMs: 600_000,
    signal,
  });
  return SpaceReclaimed ?? 0;
}

/** The disk space that images and build cache take, and how much of it a prune would free. */
export async function measureDiskUsage(docker: EngineApi): Promise<DiskUsage> {
  const [{ LayersSize, Images }, records] = await Promise.all([
    readDiskUsage(docker, 'report its disk usage', usageSchema, 'image'),
    listCacheRecords(docker),
  ]);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  const isDangling = (tags: readonly string[] | null | undefined) =>
    (tags ?? []).every((name) => name === '<none>:<none>' || isCacheName(name));
  const dangling = (Images ?? []).filter(({ RepoTags, Containers }) => isDangling(RepoTags) && (Containers ?? 0) <= 0);
  const cacheOnly = records.filter(({ isShared }) => !isShared);
  return {
    imagesBytes: (LayersSize ?? 0) + sum(cacheOnly.map(({ bytes }) => bytes)),
    reclaimableBytes:
      sum(dangling.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize ?? 0))) +
      sum(cacheOnly.filter(({ isInUse }) => !isInUse).map(({ bytes }) => bytes)),
  };
}
