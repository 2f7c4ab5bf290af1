import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../shared/problem.ts';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import { tagPath } from '../api/image-requests.ts';
import type { EngineBuild } from '../engine.ts';
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
export type Image = NonNullable<z.infer<typeof imagesSchema>>[number];

const removedSchema = z.object({ Deleted: z.array(z.string()).nullish() });

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

/** podman 4.3 fails if an image is removed while it lists them, by any build on the node. */
export async function listImages(podman: EngineApi, signal?: AbortSignal): Promise<Image[]> {
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
