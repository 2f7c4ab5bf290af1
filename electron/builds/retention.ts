import type { Retention } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import type { CacheRetention } from '../engines/engine.ts';
import type { ProjectMemory } from './project-memory.ts';

type NodeImages = Pick<CacheRetention, 'tag' | 'untag' | 'remove'>;

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
 * Applies a build's retention on a node after its image was transferred.
 * - `cache`: the new image stays untagged; images that only the build before it needed are removed.
 * - `tagged`: the new image stays, tagged with the build's reference.
 * - `nothing`: the images of this build and of the build before it are removed.
 */
export async function applyRetention(
  engine: NodeImages,
  image: BuiltImage,
  retention: Retention,
  memory: ProjectMemory,
): Promise<void> {
  const { platform, node, tag, reference, imageId } = image;
  const cached = await memory.find(platform, node);
  const previous = cached ? [...cached.layers, cached.imageId] : [];
  switch (retention) {
    case 'tagged':
      await engine.tag(imageId, reference);
      await engine.untag(imageId, tag);
      // the image belongs to the user from now on: no later build may remove it
      await memory.replace(platform, node, undefined);
      break;
    case 'cache':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, { platform, node, imageId, layers: [...image.layers] });
      await removeAll(engine, without(previous, [...image.layers, imageId]));
      break;
    case 'nothing':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, undefined);
      await removeAll(engine, [...previous, ...image.ownLayers, imageId]);
      break;
  }
}

/** A job that failed or was cancelled. */
export interface FailedJob {
  /** The image, if the build succeeded and only its transfer failed. */
  readonly image: BuiltImage | undefined;
  /** The temporary name that the image has or would have had. */
  readonly tag: string;
  readonly ownLayers: readonly string[];
  readonly retention: Retention;
}

/**
 * Cleans up on a node after a failed or cancelled job. Removes the temporary name, and all images if the retention is
 * `nothing`. Otherwise the finished steps stay as the cache of the next build.
 */
export async function cleanUpFailed(
  engine: NodeImages,
  { image, tag, ownLayers, retention }: FailedJob,
  memory: ProjectMemory,
): Promise<void> {
  if (image) {
    // without a complete build, the reference is not given to the image
    await applyRetention(engine, image, retention === 'tagged' ? 'cache' : retention, memory);
    return;
  }
  // podman may have tagged the image just before it was stopped
  await engine.untag(tag, tag).catch(() => undefined);
  if (retention === 'nothing') {
    await removeAll(engine, ownLayers);
  }
}

/** Removes images, newest first, because an engine does not remove an image that another is based on. */
async function removeAll(engine: NodeImages, images: readonly string[]): Promise<void> {
  for (const image of [...new Set(images)].reverse()) {
    await engine.remove(image);
  }
}

/** The images that are not in `kept`. Ids may be full or prefixes, as the engine printed them. */
function without(images: readonly string[], kept: readonly string[]): string[] {
  return images.filter((image) => !kept.some((other) => other.startsWith(image) || image.startsWith(other)));
}
