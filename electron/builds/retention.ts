import type { Retention } from '../../shared/build.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Engine } from '../engines/engine.ts';
import type { ProjectMemory } from './project-memory.ts';

/** What is asked of a node's engine here. */
type NodeImages = Pick<Engine, 'tag' | 'untag' | 'remove'>;

export interface Built {
  readonly platform: Platform;
  readonly node: string;
  /** The name under which the node built it. */
  readonly tag: string;
  /** The name that the person has given it. */
  readonly reference: string;
  readonly imageId: string;
  /** Every image that its steps left or found on the node, oldest first. */
  readonly layers: readonly string[];
  /** Those that it made. */
  readonly ownLayers: readonly string[];
}

/**
 * Leaves on a node what the person asked for, once the image is back with us.
 * `cache`: the newest image stays without a name, and what only the one before it needed is removed. `keep`: it stays under
 * the build's reference. `cleanup`: nothing stays.
 */
export async function applyRetention(
  engine: NodeImages,
  built: Built,
  residue: Retention,
  memory: ProjectMemory,
): Promise<void> {
  const { platform, node, tag, reference, imageId } = built;
  const before = await memory.find(platform, node);
  const earlier = before ? [...before.layers, before.imageId] : [];
  switch (residue) {
    case 'keep':
      await engine.tag(imageId, reference);
      await engine.untag(imageId, tag);
      // it is the person's image now: nothing of ours may remove it later
      await memory.replace(platform, node, undefined);
      break;
    case 'cache':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, { platform, node, imageId, layers: [...built.layers] });
      await removeAll(engine, without(earlier, [...built.layers, imageId]));
      break;
    case 'cleanup':
      await engine.untag(imageId, tag);
      await memory.replace(platform, node, undefined);
      await removeAll(engine, [...earlier, ...built.ownLayers, imageId]);
      break;
  }
}

/**
 * What a failed or cancelled job leaves on its node: never a name, and no image either where nothing is to stay. What was
 * built before it failed is the cache of the next build.
 * @param built the image, where it came to be on the node and only the way back failed. @param tag the name that it was to have.
 */
export async function cleanUpFailed(
  engine: NodeImages,
  built: Built | undefined,
  tag: string,
  ownLayers: readonly string[],
  residue: Retention,
  memory: ProjectMemory,
): Promise<void> {
  if (built) {
    // the person's name is for an image that they have
    await applyRetention(engine, built, residue === 'keep' ? 'cache' : residue, memory);
    return;
  }
  // podman may have finished just when it was told to stop
  await engine.untag(tag, tag).catch(() => undefined);
  if (residue === 'cleanup') {
    await removeAll(engine, ownLayers);
  }
}

/** Newest first, since an image that others build on cannot go. What is gone or in use by others is left as it is. */
async function removeAll(engine: NodeImages, images: readonly string[]): Promise<void> {
  for (const image of [...new Set(images)].reverse()) {
    await engine.remove(image);
  }
}

/** Ids come whole or as prefixes, whichever the engine printed. */
function without(images: readonly string[], kept: readonly string[]): string[] {
  return images.filter((image) => !kept.some((other) => other.startsWith(image) || image.startsWith(other)));
}
