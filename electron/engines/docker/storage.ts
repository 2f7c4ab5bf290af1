/** What takes space on a docker node, and its removal. */
import { z } from 'zod';
import type { EngineApi } from '../api/engine-api.ts';
import { toTime } from '../api/stored-items.ts';
import { cacheItem } from '../buildkit/stored-records.ts';
import type { EngineStorage, StoredItem } from '../engine.ts';
import { listCacheRecords, readDiskUsage, removeCacheRecords } from './build-cache.ts';
import { removeImage, tagImage } from './images.ts';

/** Sizes in bytes. An image's size includes that of its parent. `SharedSize` is -1 if unknown. */
const usageSchema = z.object({
  LayersSize: z.number().nullish(),
  Images: z.array(z.object({ Id: z.string(), SharedSize: z.number().nullish() })).nullish(),
});

/** `Created` is in seconds. The classic builder names the image that a step began with as the parent of what the step made. */
const imagesSchema = z.array(
  z.object({
    Id: z.string(),
    ParentId: z.string().nullish(),
    RepoTags: z.array(z.string()).nullish(),
    RepoDigests: z.array(z.string()).nullish(),
    Created: z.number().nullish(),
    Size: z.number(),
  }),
);
type Image = z.infer<typeof imagesSchema>[number];

const containersSchema = z.array(z.object({ ImageID: z.string().nullish() }));

const othersSchema = z.object({
  Containers: z
    .array(
      z.object({
        Id: z.string(),
        Names: z.array(z.string()).nullish(),
        SizeRw: z.number().nullish(),
        State: z.string().nullish(),
        Created: z.number().nullish(),
      }),
    )
    .nullish(),
  Volumes: z
    .array(
      z.object({
        Name: z.string(),
        UsageData: z.object({ Size: z.number().nullish(), RefCount: z.number().nullish() }).nullish(),
      }),
    )
    .nullish(),
});

export function dockerStorage(docker: EngineApi): EngineStorage {
  return {
    list: async (detail, signal) => {
      const [usage, images, containers, records, others] = await Promise.all([
        readDiskUsage(docker, 'report its disk usage', usageSchema, ['image'], signal),
        docker.requestJson('list its images', imagesSchema, { method: 'GET', path: 'images/json?all=1', signal }),
        docker.requestJson('list its containers', containersSchema, {
          method: 'GET',
          path: 'containers/json?all=1',
          signal,
        }),
        listCacheRecords(docker, signal),
        detail === 'all' ? listOthers(docker, signal) : [],
      ]);
      const used = new Set(containers.flatMap(({ ImageID }) => ImageID ?? []));
      const shared = new Map((usage.Images ?? []).map(({ Id, SharedSize }) => [Id, SharedSize ?? 0]));
      const items = imageItems(images, shared, used);
      const sum = items.reduce((total, { bytes }) => total + bytes, 0);
      return {
        items: [...items, ...records.map(cacheItem), ...others],
        sharedBytes: Math.max(0, (usage.LayersSize ?? 0) - sum),
        // a step of the classic builder runs in a container of an image that has no name
        isBuilding: items.some(({ id, names }) => names.length === 0 && used.has(id)),
      };
    },
    remove: async (items, { signal }) => {
      for (const item of items.filter(({ kind }) => kind === 'image')) {
        signal?.throwIfAborted();
        await removeWithNames(docker, item);
      }
      await removeCacheRecords(
        docker,
        items.flatMap(({ kind, id }) => (kind === 'cache' ? [id] : [])),
        signal,
      );
    },
  };
}

function imageItems(
  images: readonly Image[],
  sharedSizes: ReadonlyMap<string, number>,
  used: ReadonlySet<string>,
): StoredItem[] {
  const sizes = new Map(images.map(({ Id, Size }) => [Id, Size]));
  const parents = new Set(images.flatMap(({ ParentId }) => ParentId || []));
  return images.map(({ Id, ParentId, RepoTags, RepoDigests, Created, Size }) => {
    const parentSize = ParentId ? sizes.get(ParentId) : undefined;
    const sharedSize = parentSize ?? (parents.has(Id) ? 0 : Math.max(0, sharedSizes.get(Id) ?? 0));
    const tags = (RepoTags ?? []).filter((name) => name !== '<none>:<none>');
    const digests = (RepoDigests ?? []).filter((name) => !name.startsWith('<none>@'));
    return {
      kind: 'image',
      id: Id,
      // an image that was pulled by its digest has no other name
      names: tags.length > 0 ? tags : digests,
      bytes: Math.max(0, Size - sharedSize),
      ...toTime('createdAt', (Created ?? 0) * 1000),
      parents: parentSize === undefined || !ParentId ? [] : [ParentId],
      isUsed: used.has(Id),
    };
  });
}

async function listOthers(docker: EngineApi, signal: AbortSignal | undefined): Promise<StoredItem[]> {
  const action = 'report its disk usage';
  const { Containers, Volumes } = await readDiskUsage(docker, action, othersSchema, ['container', 'volume'], signal);
  return [
    ...(Containers ?? []).map(
      ({ Id, Names, SizeRw, State, Created }): StoredItem => ({
        kind: 'container',
        id: Id,
        names: [...(Names ?? [])],
        bytes: Math.max(0, SizeRw ?? 0),
        ...toTime('createdAt', (Created ?? 0) * 1000),
        parents: [],
        isUsed: State === 'running',
      }),
    ),
    ...(Volumes ?? []).map(
      ({ Name, UsageData }): StoredItem => ({
        kind: 'volume',
        id: Name,
        names: [Name],
        bytes: Math.max(0, UsageData?.Size ?? 0),
        parents: [],
        isUsed: (UsageData?.RefCount ?? 0) > 0,
      }),
    ),
  ];
}

/** docker removes an image with its last name. If it is in use after all, it gets the other names again. */
async function removeWithNames(docker: EngineApi, { id, names }: StoredItem): Promise<void> {
  const [last = id, ...others] = names;
  for (const name of others) {
    await removeImage(docker, name, { keepsParents: true });
  }
  if (!(await removeImage(docker, last, { keepsParents: true }))) {
    for (const name of others) {
      await tagImage(docker, id, name).catch(() => undefined);
    }
  }
}
