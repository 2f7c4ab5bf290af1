import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../shared/problem.ts';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import { tagPath } from '../api/image-requests.ts';
import type { DiskUsage, EngineBuild } from '../engine.ts';
import { isStaleImageName } from '../temporary-name.ts';
import { removeSecretFiles } from './secret-files.ts';
import { endKilledBuild, listRetries } from './stop-build.ts';

/**
 * Sizes in bytes. An image's size includes that of its parent. `Containers` counts the containers that use it and is -1 if
 * unknown. `Created` is in seconds.
 */
const imagesSchema = z
  .array(
    z.object({
      Id: z.string(),
      ParentId: z.string().optional(),
      RepoTags: z.array(z.string()).nullish(),
      Size: z.number(),
      Containers: z.number().optional(),
      Created: z.number().optional(),
    }),
  )
  .nullable();
type Image = NonNullable<z.infer<typeof imagesSchema>>[number];

const removedSchema = z.object({ Deleted: z.array(z.string()).nullish() });
const prunedSchema = z.array(z.object({ Id: z.string() })).nullable();

/** Adds a name to an image. */
export async function tagImage(podman: EngineApi, image: string, name: string): Promise<void> {
  const body = await podman.openStream(`tag the image as ${name}`, {
    method: 'POST',
    path: tagPath(image, 'tag', name),
    timeoutMs: requestTimeoutMs,
  });
  body.resume();
}

/** Removes a name from an image. A name that the image does not have is ignored. */
export async function untagImage(podman: EngineApi, image: string, name: string): Promise<void> {
  const action = `untag ${name}`;
  const response = await podman.send(action, {
    method: 'POST',
    path: tagPath(image, 'untag', name),
    timeoutMs: requestTimeoutMs,
  });
  if (response.status < 300) {
    response.body.resume();
    return;
  }
  const message = await podman.readErrorMessage(response);
  if (!/tag not known/.test(message)) {
    throw podman.refusedProblem(action, message);
  }
}

/** Ends what is left of a build whose process was killed. See `CacheRetention.removeLeftovers`. */
export async function removeLeftovers(podman: EngineApi, { id, tag }: Pick<EngineBuild, 'id' | 'tag'>): Promise<void> {
  const hasEnded = await endKilledBuild(podman, id);
  await removeSecretFiles(podman.transport, id);
  await untagImage(podman, tag, tag).catch((error: unknown) => {
    if (!(error instanceof Failure) || !/image not known|no such image/.test(error.problem.detail ?? '')) {
      throw error;
    }
  });
  if (!hasEnded) {
    throw podman.refusedProblem('end a build that was killed', 'its containers are still there');
  }
}

/**
 * Removes an image and its untagged parents. With force, podman would also remove images with more names and the containers
 * that use them, so force is never set. podman responds with 409 if the image is in use, with 500 if an id has more names, and
 * with an empty success if other images are built on it.
 */
export async function removeImage(podman: EngineApi, image: string): Promise<boolean> {
  const action = 'remove the image';
  const response = await podman.send(action, {
    method: 'DELETE',
    path: `images/${encodeURIComponent(image)}`,
    timeoutMs: requestTimeoutMs,
  });
  if (response.status === 200) {
    const { Deleted } = podman.parse(action, removedSchema, await podman.readText(action, response.body));
    return (Deleted ?? []).length > 0;
  }
  const message = await podman.readErrorMessage(response);
  if (response.status === 404 || response.status === 409 || /more than one tag|in use by|dependent/.test(message)) {
    return false;
  }
  throw podman.refusedProblem(action, message);
}

/**
 * Removes the temporary names that killed builds have left, then dangling images with their untagged parents. Resolves with
 * the bytes freed.
 */
export async function pruneStorage(podman: EngineApi, signal?: AbortSignal): Promise<number> {
  const before = await listImages(podman, signal);
  for (const { Id, RepoTags } of before) {
    for (const name of (RepoTags ?? []).filter((name) => isStaleImageName(name))) {
      signal?.throwIfAborted();
      await untagImage(podman, Id, name);
    }
  }
  const action = 'prune its images';
  const response = await podman.send(action, { method: 'POST', path: 'images/prune', timeoutMs: 600_000, signal });
  if (response.status >= 300) {
    const message = await podman.readErrorMessage(response);
    if (!/in use by a container/.test(message)) {
      throw podman.refusedProblem(action, message);
    }
    // podman stops at the first image that a running build uses.
    return pruneOneByOne(podman, before, signal);
  }
  const pruned = podman.parse(action, prunedSchema, await podman.readText(action, response.body, signal));
  // podman reports sizes that count a parent again in each of its children.
  const removed = new Set((pruned ?? []).map(({ Id }) => Id));
  return ownSize(before, ({ Id }) => removed.has(Id));
}

/**
 * Seconds. Younger images are kept while a build runs, because between two steps nothing marks the layers of a build as in
 * use.
 */
const minAgeSeconds = 600;

/** Removes the dangling images that nothing uses, one by one. @param before the images before anything was removed */
async function pruneOneByOne(podman: EngineApi, before: readonly Image[], signal?: AbortSignal): Promise<number> {
  const remaining = await listImages(podman, signal);
  const parents = new Set(remaining.map(({ ParentId }) => ParentId));
  // The newest image gives the time by the node's clock.
  const newest = Math.max(...remaining.map(({ Created = 0 }) => Created));
  const isFresh = ({ Created = 0 }: Image): boolean => Created > newest - minAgeSeconds && Created > 0;
  for (const image of remaining.filter(({ Id, RepoTags }) => !RepoTags?.length && !parents.has(Id))) {
    signal?.throwIfAborted();
    if (!isFresh(image)) {
      await removeImage(podman, image.Id);
    }
  }
  const after = new Set((await listImages(podman, signal)).map(({ Id }) => Id));
  return ownSize(before, ({ Id }) => !after.has(Id));
}

/**
 * The disk space that images take, and how much of it a prune would free. `system/df` is not used: it has no sum before 5.0,
 * and it also inspects containers and volumes, which takes long.
 */
export async function measureDiskUsage(podman: EngineApi): Promise<DiskUsage> {
  const images = await listImages(podman);
  const parents = new Map(images.map(({ Id, ParentId }) => [Id, ParentId]));
  const usedIds = new Set<string>();
  for (const image of images.filter(({ RepoTags, Containers = 0 }) => RepoTags?.length || Containers > 0)) {
    for (let id: string | undefined = image.Id; id && !usedIds.has(id); id = parents.get(id)) {
      usedIds.add(id);
    }
  }
  return {
    imagesBytes: ownSize(images, () => true),
    reclaimableBytes: ownSize(images, ({ Id }) => !usedIds.has(Id)),
  };
}

/** podman 4.3 fails if an image is removed while it lists them, by any build on the node. */
async function listImages(podman: EngineApi, signal?: AbortSignal): Promise<Image[]> {
  const path = 'images/json?all=true';
  for (let retries = 0; ; retries += 1) {
    try {
      return (await podman.requestJson('list its images', imagesSchema, { method: 'GET', path, signal })) ?? [];
    } catch (error) {
      const isRace = error instanceof Failure && /image not known/.test(error.problem.detail ?? '');
      if (!isRace || retries === listRetries.count || signal?.aborted) {
        throw error;
      }
      await delay(listRetries.delayMs);
    }
  }
}

/** The bytes that the selected images add to their parents. */
function ownSize(images: readonly Image[], isSelected: (image: Image) => boolean): number {
  const sizes = new Map(images.map(({ Id, Size }) => [Id, Size]));
  return images
    .filter(isSelected)
    .reduce((sum, { ParentId, Size }) => sum + Math.max(0, Size - (sizes.get(ParentId ?? '') ?? 0)), 0);
}
