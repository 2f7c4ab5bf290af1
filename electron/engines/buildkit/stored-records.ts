import { toTime } from '../api/stored-items.ts';
import type { EngineStorage, StoredItem } from '../engine.ts';
import type { CacheRecord, CacheRecords } from './cache-records.ts';

/** A record of the build cache as a thing that takes space. What an image contains, too, takes none by itself. */
export function cacheItem({
  id,
  description,
  isInUse,
  isShared,
  bytes,
  parents,
  createdAt,
  usedAt,
}: CacheRecord): StoredItem {
  return {
    kind: 'cache',
    id,
    names: description === '' ? [] : [description],
    bytes: isShared ? 0 : Math.max(0, bytes),
    ...toTime('createdAt', createdAt),
    ...toTime('usedAt', usedAt),
    parents,
    isUsed: isInUse,
  };
}

/** A BuildKit daemon has nothing but its cache. */
export function recordStorage(records: CacheRecords): EngineStorage {
  return {
    list: async (_detail, signal) => ({
      items: (await records.list(signal)).map(cacheItem),
      sharedBytes: 0,
      isBuilding: false,
    }),
    remove: (items, { signal }) =>
      records.remove(
        items.map(({ id }) => id),
        signal,
      ),
  };
}
