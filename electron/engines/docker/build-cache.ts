import { z } from 'zod';
import type { EngineApi } from '../api/engine-api.ts';

/** A record of BuildKit's cache. Its time is by the node's clock, in milliseconds since 1970. */
export interface CacheRecord {
  readonly id: string;
  readonly description: string;
  readonly isInUse: boolean;
  /** An image contains it, too. */
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

/** The cache records of a context: the tar and its files. BuildKit leaves both behind after a build and never uses them again. */
const contextPattern = /^http url http:\/\/build-context-|^copy \/context \/$/;

/** Whether a record is the context of a build. */
export function isContextRecord({ description }: CacheRecord): boolean {
  return contextPattern.test(description);
}

export async function listCacheRecords(docker: EngineApi): Promise<CacheRecord[]> {
  const { BuildCache } = await docker.requestJson('list its build cache', usageSchema, {
    method: 'GET',
    path: 'system/df?type=build-cache',
  });
  return (BuildCache ?? []).map(({ ID, Description, InUse, Shared, Size, CreatedAt }) => ({
    id: ID,
    description: Description ?? '',
    isInUse: InUse === true,
    isShared: Shared === true,
    bytes: Size,
    createdAt: Date.parse(CreatedAt),
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

/**
 * Removes what a build has left in the cache: its context, or all records since its start. Records that another build is using
 * stay. docker removes a record only after the records based on it, so this repeats until nothing more can be removed.
 * @param since the start of the build by the node's clock, in milliseconds since 1970
 * @param shouldRemoveAll remove all records since the start, not only the context
 */
export async function cleanBuildCache(docker: EngineApi, since: number, shouldRemoveAll: boolean): Promise<void> {
  for (let previousCount = Number.POSITIVE_INFINITY; ; ) {
    const unneeded = (await listCacheRecords(docker)).filter(
      (record) => !record.isInUse && record.createdAt >= since && (shouldRemoveAll || isContextRecord(record)),
    );
    if (unneeded.length === 0 || unneeded.length >= previousCount) {
      return;
    }
    previousCount = unneeded.length;
    // docker accepts one id per request.
    for (const { id } of unneeded) {
      const filters = new URLSearchParams({ all: '1', filters: JSON.stringify({ id: { [id]: true } }) });
      await pruneBuildCache(docker, filters.toString());
    }
  }
}
