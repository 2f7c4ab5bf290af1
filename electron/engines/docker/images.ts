import { z } from 'zod';
import { isLeftName } from '../build-name.ts';
import type { DiskUsage } from '../engine.ts';
import { type EngineApi, patience } from '../engine-api.ts';
import { namePath } from '../image-names.ts';
import { cacheRecords, pruneCache } from './cache.ts';

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

/** Gives an image one more name. */
export async function tagDockerImage(docker: EngineApi, image: string, name: string): Promise<void> {
  const body = await docker.open(`tag the image as ${name}`, {
    method: 'POST',
    path: namePath(image, 'tag', name),
    timeoutMs: patience,
  });
  body.resume();
}

/**
 * Takes a name from an image; one that is not there is no failure. docker keeps no image without a name: with its last one it goes, and what
 * BuildKit has cached of it stays.
 */
export async function untagDockerImage(docker: EngineApi, name: string): Promise<void> {
  await removeDockerImage(docker, name);
}

/** Never with force: docker answers 409 where it has more names, where containers use it and where others are built on it. */
export async function removeDockerImage(docker: EngineApi, image: string): Promise<boolean> {
  const action = 'remove the image';
  const response = await docker.send(action, {
    method: 'DELETE',
    path: `images/${encodeURIComponent(image)}`,
    timeoutMs: patience,
  });
  if (response.status === 200) {
    response.body.resume();
    return true;
  }
  const message = await docker.messageOf(response);
  if (response.status === 404 || response.status === 409) {
    return false;
  }
  throw docker.refused(action, message);
}

/** Removes what killed builds have left, dangling images and the build cache that no build uses; resolves with the bytes freed. */
export async function pruneDocker(docker: EngineApi): Promise<number> {
  const images = await docker.ask('list its images', imagesSchema, { method: 'GET', path: 'images/json' });
  const left = images.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => isLeftName(name));
  for (const name of left) {
    await untagDockerImage(docker, name);
  }
  const { SpaceReclaimed } = await docker.ask('prune its images', prunedSchema, {
    method: 'POST',
    path: 'images/prune',
    timeoutMs: 600_000,
  });
  return (SpaceReclaimed ?? 0) + (await pruneCache(docker));
}

/** What images and build cache take, and what of it a prune would free. */
export async function dockerUsage(docker: EngineApi): Promise<DiskUsage> {
  const [{ LayersSize, Images }, records] = await Promise.all([
    docker.ask('say what its images take', usageSchema, { method: 'GET', path: 'system/df?type=image' }),
    cacheRecords(docker),
  ]);
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  const isDangling = (tags: readonly string[] | null | undefined) =>
    (tags ?? []).every((name) => name === '<none>:<none>');
  const dangling = (Images ?? []).filter(({ RepoTags, Containers }) => isDangling(RepoTags) && (Containers ?? 0) <= 0);
  const own = records.filter(({ isShared }) => !isShared);
  return {
    imagesBytes: (LayersSize ?? 0) + sum(own.map(({ bytes }) => bytes)),
    reclaimableBytes:
      sum(dangling.map(({ Size, SharedSize }) => Size - Math.max(0, SharedSize ?? 0))) +
      sum(own.filter(({ inUse }) => !inUse).map(({ bytes }) => bytes)),
  };
}
