import { z } from 'zod';
import { type EngineApi, requestTimeoutMs } from '../../api/engine-api.ts';
import type { CacheRetention } from '../../engine.ts';
import { cacheName, isCacheName } from '../../temporary-name.ts';
import { removeImage, removeLeftovers, tagImage } from '../images.ts';

const imageSchema = z.object({ RepoTags: z.array(z.string()).nullish() });

/**
 * The cache of the classic builder is the images of its steps. docker removes an image with its last name, and the untagged images
 * that it was built on, so the newest image of a project and platform keeps a name.
 */
export function classicRetention(docker: EngineApi): Pick<CacheRetention, 'untag' | 'remove' | 'removeLeftovers'> {
  const untag = async (image: string, name: string): Promise<void> => {
    const names = await namesOf(docker, image);
    if (names?.every((each) => each === name)) {
      await tagImage(docker, image, cacheName(name));
    }
    await removeImage(docker, name);
  };
  return {
    untag,
    remove: async (image) => {
      const names = (await namesOf(docker, image)) ?? [];
      return names.every(isCacheName) && removeImage(docker, image);
    },
    removeLeftovers: (build) => removeLeftovers(docker, build, (name) => untag(name, name)),
  };
}

/** Undefined if there is no such image. */
async function namesOf(docker: EngineApi, image: string): Promise<readonly string[] | undefined> {
  const action = 'inspect an image';
  const path = `images/${encodeURIComponent(image)}/json`;
  const response = await docker.send(action, { method: 'GET', path, timeoutMs: requestTimeoutMs });
  if (response.status === 404) {
    response.body.resume();
    return undefined;
  }
  if (response.status !== 200) {
    throw docker.refusedProblem(action, await docker.readErrorMessage(response));
  }
  const { RepoTags } = docker.parse(action, imageSchema, await docker.readText(action, response.body));
  return RepoTags ?? [];
}
