import { z } from 'zod';
import { type EngineApi, requestTimeoutMs } from '../api/engine-api.ts';
import { tagPath } from '../api/image-requests.ts';
import type { EngineBuild } from '../engine.ts';
import { isNameOfBuild } from '../temporary-name.ts';

const imagesSchema = z.array(z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() }));

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
 * @param options `keepsParents`: untagged images that only this one was built on stay
 */
export async function removeImage(
  docker: EngineApi,
  image: string,
  { keepsParents = false }: { readonly keepsParents?: boolean } = {},
): Promise<boolean> {
  const action = 'remove the image';
  const response = await docker.send(action, {
    method: 'DELETE',
    path: `images/${encodeURIComponent(image)}${keepsParents ? '?noprune=1' : ''}`,
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
