/** What takes space on a podman node, and its removal. */
import { z } from 'zod';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { toTime } from '../api/stored-items.ts';
import type { EngineStorage, StoredItem } from '../engine.ts';
import { temporaryImageName } from '../temporary-name.ts';
import { listContexts, removeContexts } from './context-storage.ts';
import { type Image, listImages, removeImage, tagImage, untagImage } from './images.ts';
import { listBuildContainers } from './stop-build.ts';

/** Sizes in bytes. `system/df` has no sum of the images before 5.0, and inspects all containers and volumes. */
const usageSchema = z.object({
  Containers: z
    .array(
      z.object({
        ContainerID: z.string(),
        Names: z.string().nullish(),
        Image: z.string().nullish(),
        RWSize: z.number().nullish(),
        Status: z.string().nullish(),
        Created: z.string().nullish(),
      }),
    )
    .nullish(),
  Volumes: z
    .array(z.object({ VolumeName: z.string(), Links: z.number().nullish(), Size: z.number().nullish() }))
    .nullish(),
});

/** Names have one. It says nothing here. */
const heldPlatform = parsePlatform('linux/amd64') as Platform;

export function podmanStorage(podman: EngineApi): EngineStorage {
  const { transport } = podman;
  return {
    list: async (detail, signal) => {
      const [images, containers, contexts, others] = await Promise.all([
        listImages(podman, signal),
        listBuildContainers(podman, signal),
        listContexts(transport, signal),
        detail === 'all' ? listOthers(podman, signal) : [],
      ]);
      return {
        items: [...imageItems(images), ...contexts, ...others],
        sharedBytes: 0,
        isBuilding: containers.length > 0,
      };
    },
    remove: async (items, { bases, signal }) => {
      await removeContexts(
        transport,
        items.flatMap(({ kind, id }) => (kind === 'context' ? [id] : [])),
        signal,
      );
      await holding(podman, bases, async () => {
        for (const item of items.filter(({ kind }) => kind === 'image')) {
          signal?.throwIfAborted();
          await removeWithNames(podman, item);
        }
      });
    },
  };
}

/** An image's size includes that of its parent. */
function imageItems(images: readonly Image[]): StoredItem[] {
  const sizes = new Map(images.map(({ Id, Size }) => [Id, Size]));
  return images.map(({ Id, ParentId, RepoTags, Size, Containers = 0, Created }) => ({
    kind: 'image',
    id: Id,
    names: [...(RepoTags ?? [])],
    bytes: Math.max(0, Size - (sizes.get(ParentId ?? '') ?? 0)),
    ...toTime('createdAt', Created && Created * 1000),
    parents: ParentId && sizes.has(ParentId) ? [ParentId] : [],
    isUsed: Containers > 0,
  }));
}

async function listOthers(podman: EngineApi, signal: AbortSignal | undefined): Promise<StoredItem[]> {
  const { Containers, Volumes } = await podman.requestJson('report its disk usage', usageSchema, {
    method: 'GET',
    path: 'system/df',
    signal,
  });
  return [
    ...(Containers ?? []).map(
      ({ ContainerID, Names, RWSize, Status, Created }): StoredItem => ({
        kind: 'container',
        id: ContainerID,
        names: [Names ?? ''],
        bytes: Math.max(0, RWSize ?? 0),
        ...toTime('createdAt', Date.parse(Created ?? '')),
        parents: [],
        isUsed: Status === 'running',
      }),
    ),
    ...(Volumes ?? []).map(
      ({ VolumeName, Links, Size }): StoredItem => ({
        kind: 'volume',
        id: VolumeName,
        names: [VolumeName],
        bytes: Math.max(0, Size ?? 0),
        parents: [],
        isUsed: (Links ?? 0) > 0,
      }),
    ),
  ];
}

/** podman removes an image only without more than one name. If it is in use after all, it gets its names again. */
async function removeWithNames(podman: EngineApi, { id, names }: StoredItem): Promise<void> {
  const removed: string[] = [];
  for (const name of names.slice(1)) {
    await untagImage(podman, id, name);
    removed.push(name);
  }
  if (!(await removeImage(podman, id))) {
    for (const name of removed) {
      await tagImage(podman, id, name);
    }
  }
}

/**
 * Gives images a name while others are removed: podman removes the untagged images that a removed one was based on. Its parameter
 * against that does nothing on 4.3. If this process is killed, the name becomes a stale one.
 */
async function holding(podman: EngineApi, bases: readonly string[], use: () => Promise<void>): Promise<void> {
  const held: { readonly id: string; readonly name: string }[] = [];
  try {
    for (const id of bases) {
      const name = temporaryImageName('held', heldPlatform);
      await tagImage(podman, id, name);
      held.push({ id, name });
    }
    await use();
  } finally {
    for (const { id, name } of held) {
      await untagImage(podman, id, name).catch(() => undefined);
    }
  }
}
