import { z } from 'zod';
import { isLeftName } from '../build-name.ts';
import type { DiskUsage } from '../engine.ts';
import { type EngineApi, patience } from '../engine-api.ts';
import { namePath } from '../image-names.ts';

/** Sizes in bytes. An image's size holds that of its parent; `Containers` counts those that use it, and is -1 where unknown; `Created` is in seconds. */
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

/** Gives an image one more name. */
export async function tagImage(podman: EngineApi, image: string, name: string): Promise<void> {
  const body = await podman.open(`tag the image as ${name}`, {
    method: 'POST',
    path: namePath(image, 'tag', name),
    timeoutMs: patience,
  });
  body.resume();
}

/** Takes a name from an image. One that it does not have is no failure. */
export async function untagImage(podman: EngineApi, image: string, name: string): Promise<void> {
  const action = `take the name ${name} from the image`;
  const response = await podman.send(action, {
    method: 'POST',
    path: namePath(image, 'untag', name),
    timeoutMs: patience,
  });
  if (response.status < 300) {
    response.body.resume();
    return;
  }
  const message = await podman.messageOf(response);
  if (!/tag not known/.test(message)) {
    throw podman.refused(action, message);
  }
}

/**
 * Removes an image and its untagged parents. Never with force: then podman would also remove what has more names, and the
 * containers that use it. podman answers 409 to an image in use, but 500 to an id with more names, and an empty success
 * where other images are built on it.
 */
export async function removeImage(podman: EngineApi, image: string): Promise<boolean> {
  const action = 'remove the image';
  const response = await podman.send(action, {
    method: 'DELETE',
    path: `images/${encodeURIComponent(image)}`,
    timeoutMs: patience,
  });
  if (response.status === 200) {
    const { Deleted } = podman.parse(action, removedSchema, await podman.textOf(action, response.body));
    return (Deleted ?? []).length > 0;
  }
  const message = await podman.messageOf(response);
  if (response.status === 404 || response.status === 409 || /more than one tag|in use by|dependent/.test(message)) {
    return false;
  }
  throw podman.refused(action, message);
}

/**
 * Removes dangling images with their untagged parents, and before that takes away the names that killed builds have left;
 * resolves with the bytes that it frees.
 */
export async function pruneImages(podman: EngineApi): Promise<number> {
  const before = await listImages(podman);
  for (const { Id, RepoTags } of before) {
    for (const name of (RepoTags ?? []).filter((name) => isLeftName(name))) {
      await untagImage(podman, Id, name);
    }
  }
  const action = 'prune its images';
  const response = await podman.send(action, { method: 'POST', path: 'images/prune', timeoutMs: 600_000 });
  if (response.status >= 300) {
    const message = await podman.messageOf(response);
    if (!/in use by a container/.test(message)) {
      throw podman.refused(action, message);
    }
    // somebody builds there just now: podman gives up at the first image that a build uses
    return pruneOneByOne(podman, before);
  }
  const pruned = podman.parse(action, prunedSchema, await podman.textOf(action, response.body));
  // podman reports whole sizes, in which a parent is counted again in each of its children
  const removed = new Set((pruned ?? []).map(({ Id }) => Id));
  return ownSize(before, ({ Id }) => removed.has(Id));
}

/** Between two steps of a build nothing uses what it has made so far: so long, in seconds, that is left alone beside a build. */
const freshSeconds = 600;

/** Removes those dangling images that nothing uses. `before` is what there was before anything was removed. */
async function pruneOneByOne(podman: EngineApi, before: readonly Image[]): Promise<number> {
  const left = await listImages(podman);
  const parents = new Set(left.map(({ ParentId }) => ParentId));
  // by the clock of the node, of which the newest image tells
  const newest = Math.max(...left.map(({ Created = 0 }) => Created));
  const isFresh = ({ Created = 0 }: Image): boolean => Created > newest - freshSeconds && Created > 0;
  for (const image of left.filter(({ Id, RepoTags }) => !RepoTags?.length && !parents.has(Id))) {
    if (!isFresh(image)) {
      await removeImage(podman, image.Id);
    }
  }
  const after = new Set((await listImages(podman)).map(({ Id }) => Id));
  return ownSize(before, ({ Id }) => !after.has(Id));
}

/**
 * What images take, and what of it a prune would free. `system/df` is not asked: before 5.0 it has no sum, and it looks
 * through containers and volumes, too, which takes long.
 */
export async function imagesUsage(podman: EngineApi): Promise<DiskUsage> {
  const images = await listImages(podman);
  const parents = new Map(images.map(({ Id, ParentId }) => [Id, ParentId]));
  const kept = new Set<string>();
  for (const image of images.filter(({ RepoTags, Containers = 0 }) => RepoTags?.length || Containers > 0)) {
    for (let id: string | undefined = image.Id; id && !kept.has(id); id = parents.get(id)) {
      kept.add(id);
    }
  }
  return {
    imagesBytes: ownSize(images, () => true),
    reclaimableBytes: ownSize(images, ({ Id }) => !kept.has(Id)),
  };
}

async function listImages(podman: EngineApi): Promise<Image[]> {
  const path = 'images/json?all=true';
  return (await podman.ask('list its images', imagesSchema, { method: 'GET', path })) ?? [];
}

/** The bytes that the chosen images add to their parents. */
function ownSize(images: readonly Image[], chosen: (image: Image) => boolean): number {
  const sizes = new Map(images.map(({ Id, Size }) => [Id, Size]));
  return images
    .filter(chosen)
    .reduce((sum, { ParentId, Size }) => sum + Math.max(0, Size - (sizes.get(ParentId ?? '') ?? 0)), 0);
}
