import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { EngineApi } from '../api/engine-api.ts';

/** A record of BuildKit's cache. */
export interface CacheRecord {
  readonly id: string;
  readonly description: string;
  readonly isInUse: boolean;
  /** An image contains it, too. */
  readonly isShared: boolean;
  readonly bytes: number;
}

const usageSchema = z.object({
  BuildCache: z
    .array(
      z.object({
        ID: z.string(),
        Description: z.string().nullish(),
        InUse: z.boolean().nullish(),
        Shared: z.boolean().nullish(),
        Size: z.number(),
      }),
    )
    .nullish(),
});

const prunedSchema = z.object({ SpaceReclaimed: z.number().nullish() });

/** The files of a context, which BuildKit keeps for the next build. It makes layers of copies of them. */
const contextPattern = /^local source for /;

/** Whether a record has the files of a context. */
export function isContextRecord({ description }: CacheRecord): boolean {
  return contextPattern.test(description);
}

export async function listCacheRecords(docker: EngineApi, signal?: AbortSignal): Promise<CacheRecord[]> {
  const { BuildCache } = await docker.requestJson('list its build cache', usageSchema, {
    method: 'GET',
    path: 'system/df?type=build-cache',
    ...(signal ? { signal } : {}),
  });
  return (BuildCache ?? []).map(({ ID, Description, InUse, Shared, Size }) => ({
    id: ID,
    description: Description ?? '',
    isInUse: InUse === true,
    isShared: Shared === true,
    bytes: Size,
  }));
}

/** Removes all records that no build uses. Resolves with the bytes freed. */
export async function pruneBuildCache(docker: EngineApi, query = 'all=1', signal?: AbortSignal): Promise<number> {
  const { SpaceReclaimed } = await docker.requestJson('prune its build cache', prunedSchema, {
    method: 'POST',
    path: `build/prune?${query}`,
    timeoutMs: 600_000,
    signal,
  });
  return SpaceReclaimed ?? 0;
}

/** How long the records of a build that has ended may be in use, and how often that is looked at. In milliseconds. */
const releaseTimeoutMs = 3_000;
const releasePollMs = 100;

/**
 * Removes all records since the start of a build. Records that another build is using stay. docker removes a record only after
 * the records based on it, so this repeats until nothing more can be removed.
 * @param before the ids of the records that there were at the start
 */
export async function cleanBuildCache(docker: EngineApi, before: ReadonlySet<string>): Promise<void> {
  const giveUpAt = performance.now() + releaseTimeoutMs;
  for (let previousCount = Number.POSITIVE_INFINITY; ; ) {
    const records = (await listCacheRecords(docker)).filter(({ id }) => !before.has(id));
    const unneeded = records.filter(({ isInUse }) => !isInUse);
    if (unneeded.length === 0 || unneeded.length >= previousCount) {
      // docker releases the context a moment after the build has ended; another build may use its records for longer
      if (unneeded.length === records.length || performance.now() > giveUpAt) {
        return;
      }
      await delay(releasePollMs);
    }
    previousCount = unneeded.length || Number.POSITIVE_INFINITY;
    // docker accepts one id per request.
    for (const { id } of unneeded) {
      const filters = new URLSearchParams({ all: '1', filters: JSON.stringify({ id: { [id]: true } }) });
      await pruneBuildCache(docker, filters.toString());
    }
  }
}
