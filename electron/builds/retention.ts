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
 * Applies a build's retention on a node after its image was transferred. Returns the images that are not needed any more, oldest
 * first: another build may be using them, see `NodeWork`.
 * - `cache`: the new image stays untagged; images that only the build before it needed are not needed.
 * - `tagged`: the new image stays, tagged with the build's reference; images that only the build before it needed are not needed.
 * - `nothing`: the images of this build and of the build before it are not needed.
 */
export async function applyRetention(
  engine: NodeNames,
  image: BuiltImage,
  retention: Retention,
  memory: ProjectMemory,
): Promise<string[]> {
  const { platform, node, tag, reference, imageId } = image;
  const cached = await memory.find(platform, node);
  const previous = [
    ...(await memory.unfinishedOn(platform, node)),
    ...(cached ? [...cached.layers, cached.imageId] : []),
  ];
  await memory.setUnfinished(platform, node, []);
  switch (retention) {
    case 'tagged':
      await engine.tag(imageId, reference);
      await engine.untag(imageId, tag);
      // the image belongs to the user from now on: no later build may remove it
      await memory.replace(platform, node, undefined);
      return without(previous, [...image.layers, imageId]);
    case 'cache':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, { platform, node, imageId, layers: [...image.layers] });
      return without(previous, [...image.layers, imageId]);
    case 'nothing':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, undefined);
      return [...previous, ...image.ownLayers, imageId];
  }
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

/** Removes images, newest first, because an engine does not remove an image that another is based on. */
export async function removeAll(engine: Pick<CacheRetention, 'remove'>, images: readonly string[]): Promise<void> {
  for (const image of [...new Set(images)].reverse()) {
    await engine.remove(image);
  }
}

/** The images that are not in `kept`. Ids may be full or prefixes, as the engine printed them. */
export function without(images: readonly string[], kept: readonly string[]): string[] {
  return images.filter((image) => !kept.some((other) => other.startsWith(image) || image.startsWith(other)));
}
