import { z } from 'zod';
import type { EngineApi } from '../engine-api.ts';

/** A record of BuildKit's cache; its size is in bytes, its times are those of the node. */
export interface CacheRecord {
  readonly id: string;
  readonly description: string;
  readonly inUse: boolean;
  /** An image has it, too. */
  readonly isShared: boolean;
  readonly bytes: number;
  readonly createdAt: number;
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
        CreatedAt: z.string(),
      }),
    )
    .nullish(),
});

const prunedSchema = z.object({ SpaceReclaimed: z.number().nullish() });

/** What BuildKit makes of a context that it is sent: the tar, and the files in it. A build leaves both behind and never uses them again. */
const contextPattern = /^http url http:\/\/build-context-|^copy \/context \/$/;

export async function cacheRecords(docker: EngineApi): Promise<CacheRecord[]> {
  const { BuildCache } = await docker.ask('list its build cache', usageSchema, {
    method: 'GET',
    path: 'system/df?type=build-cache',
  });
  return (BuildCache ?? []).map(({ ID, Description, InUse, Shared, Size, CreatedAt }) => ({
    id: ID,
    description: Description ?? '',
    inUse: InUse === true,
    isShared: Shared === true,
    bytes: Size,
    createdAt: Date.parse(CreatedAt),
  }));
}

/** Removes everything that no build uses; resolves with the bytes freed. */
export async function pruneCache(docker: EngineApi, query = 'all=1'): Promise<number> {
  const { SpaceReclaimed } = await docker.ask('prune its build cache', prunedSchema, {
    method: 'POST',
    path: `build/prune?${query}`,
    timeoutMs: 600_000,
  });
  return SpaceReclaimed ?? 0;
}

/**
 * Takes away what a build has left in the cache that nobody will use: its context, and where nothing is to stay, all that was put there
 * since it began (milliseconds, by the node's clock). What another build uses just now stays. A record that others are made of goes
 * after them, hence the rounds.
 */
export async function tidyCache(docker: EngineApi, since: number, everything: boolean): Promise<void> {
  for (let left = Number.POSITIVE_INFINITY; ; ) {
    const doomed = (await cacheRecords(docker)).filter(
      ({ inUse, description, createdAt }) =>
        !inUse && createdAt >= since && (everything || contextPattern.test(description)),
    );
    if (doomed.length === 0 || doomed.length >= left) {
      return;
    }
    left = doomed.length;
    // docker takes one id a call
    for (const { id } of doomed) {
      const filters = new URLSearchParams({ all: '1', filters: JSON.stringify({ id: { [id]: true } }) });
      await pruneCache(docker, filters.toString());
    }
  }
}
