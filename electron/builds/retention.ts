import type { Retention } from '../../shared/build-options.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure } from '../../shared/problem.ts';
import type { CacheRetention } from '../engines/engine.ts';
import type { ProjectMemory } from './project-memory.ts';

type NodeNames = Pick<CacheRetention, 'tag' | 'untag'>;

/** An image that a node has built. */
export interface BuiltImage {
  readonly platform: Platform;
  readonly node: string;
  /** The temporary name under which the node built it. */
  readonly tag: string;
  /** The reference of the build. */
  readonly reference: string;
  readonly imageId: string;
  /** The images of its steps, whether the build made them or found them in the cache, oldest first. */
  readonly layers: readonly string[];
  /** Those of {@link layers} that the build made. */
  readonly ownLayers: readonly string[];
}

/**
 * Makes an image that a node has built the cache of its project there. Returns the images that only the build before it needed, oldest
 * first. They are not needed whatever becomes of the new image.
 */
export async function replaceCache(
  { platform, node, imageId, layers }: BuiltImage,
  memory: ProjectMemory,
): Promise<string[]> {
  const cached = await memory.find(platform, node);
  const previous = [
    ...(await memory.unfinishedOn(platform, node)),
    ...(cached ? [...cached.layers, cached.imageId] : []),
  ];
  await Promise.all([
    memory.setUnfinished(platform, node, []),
    memory.replace(platform, node, { platform, node, imageId, layers: [...layers] }),
  ]);
  return without(previous, [...layers, imageId]);
}

/**
 * Applies a build's retention on a node after its image was transferred, and {@link replaceCache}. Returns the images that are not
 * needed any more, oldest first: another build may be using them, see `NodeWork`.
 * - `cache`: the new image stays untagged.
 * - `tagged`: the new image stays, tagged with the build's reference.
 * - `nothing`: the images of this build are not needed.
 */
export async function applyRetention(
  engine: NodeNames,
  image: BuiltImage,
  retention: Retention,
  memory: ProjectMemory,
): Promise<string[]> {
  const { platform, node, tag, reference, imageId } = image;
  if (retention === 'tagged') {
    await engine.tag(imageId, reference);
  }
  await engine.untag(imageId, tag);
  if (retention !== 'cache') {
    // of `tagged`, the image belongs to the user from now on: no later build may remove it
    await memory.replace(platform, node, undefined);
  }
  return retention === 'nothing' ? [...image.ownLayers, imageId] : [];
}

/** A job that failed or was cancelled. */
export interface FailedJob {
  /** The image, if the build succeeded and only its transfer failed. */
  readonly image: BuiltImage | undefined;
  /** The temporary name that the image has or would have had. */
  readonly tag: string;
  readonly platform: Platform;
  readonly node: string;
  /** The images of its finished steps, whether it made them or found them in the cache, oldest first. */
  readonly layers: readonly string[];
  readonly ownLayers: readonly string[];
  readonly retention: Retention;
}

/**
 * Cleans up on a node after a failed or cancelled job. Removes the temporary name. Returns the images that are not needed any
 * more: all if the retention is `nothing`. Otherwise the finished steps stay as the cache of the next build, until it does not need them.
 * @throws Failure if the engine does not answer: then what is left has to be found later
 */
export async function cleanUpFailed(
  engine: NodeNames,
  { image, tag, platform, node, layers, ownLayers, retention }: FailedJob,
  memory: ProjectMemory,
): Promise<string[]> {
  if (image) {
    // without a complete build, the reference is not given to the image
    return applyRetention(engine, image, retention === 'tagged' ? 'cache' : retention, memory);
  }
  // podman may have tagged the image just before it was stopped; mostly, there is no such image
  await engine.untag(tag, tag).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.problem.code !== 'engine.refused') {
      throw error;
    }
  });
  const before = await memory.unfinishedOn(platform, node);
  if (retention === 'nothing') {
    await memory.setUnfinished(platform, node, []);
    return [...without(before, ownLayers), ...ownLayers];
  }
  // of those that were left before, the next build needs what this one has found in the cache
  const unneeded = without(before, layers);
  await memory.setUnfinished(platform, node, [...without(before, unneeded), ...without(ownLayers, before)]);
  return unneeded;
}

/**
 * Removes images, newest first, because an engine does not remove an image that another is based on. An image may be given more
 * than once, by its id and prefixes of it.
 */
export async function removeAll(engine: Pick<CacheRetention, 'remove'>, images: readonly string[]): Promise<void> {
  const removed: string[] = [];
  for (const image of images.toReversed()) {
    if (without([image], removed).length > 0) {
      await engine.remove(image);
      removed.push(image);
    }
  }
}

/** The images that are not in `kept`. Ids may be full or prefixes, as the engine printed them. */
export function without(images: readonly string[], kept: readonly string[]): string[] {
  return images.filter((image) => !kept.some((other) => other.startsWith(image) || image.startsWith(other)));
}
