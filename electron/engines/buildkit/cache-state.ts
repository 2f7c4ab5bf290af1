import type { BaseName, BuildCache } from '../engine.ts';
import { readImageName } from '../image-name.ts';
import { type CacheRecords, listLastingIds } from './cache-records.ts';

/** More records than this are not remembered. */
const maxRecords = 5000;

/**
 * What the cache of a daemon depends on. Nothing tells which of its records a build needs, so all of them count. A daemon cannot be
 * asked what its registries have, so only base images that are named by digest are certain.
 */
export function daemonCache(records: CacheRecords): BuildCache {
  return {
    read: async ({ bases, items }, _asksRegistry, signal) => {
      const existing = new Set(items.length === 0 ? [] : await listLastingIds(records, signal));
      return { bases: digestsOf(bases), items: items.filter((item) => existing.has(item)) };
    },
    used: async ({ bases }, _before, _build, signal) => {
      const digests = digestsOf(bases);
      const items = await listLastingIds(records, signal);
      const isCertain = bases.every(({ name }) => digests[name] !== undefined) && items.length <= maxRecords;
      return isCertain ? { bases: digests, items } : undefined;
    },
  };
}

/** The digests of the images that are named by one, by their names. */
function digestsOf(bases: readonly BaseName[]): Record<string, string> {
  return Object.fromEntries(
    bases.flatMap(({ name }) => {
      const { version = '' } = readImageName(name) ?? {};
      return version.startsWith('@') ? [[name, version.slice(1)]] : [];
    }),
  );
}
