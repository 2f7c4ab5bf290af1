import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../shared/problem.ts';
import type { EngineApi } from '../api/engine-api.ts';
import type { CacheRecord, CacheRecords } from '../buildkit/cache-records.ts';

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

/** docker before 23 measures its disk usage for one client at a time. How often and how long that is waited for, in milliseconds. */
const usageRetries = { count: 50, delayMs: 200 } as const;

/** What docker says of the space that something takes. @throws Failure */
export async function readDiskUsage<T>(
  docker: EngineApi,
  action: string,
  schema: z.ZodType<T>,
  type: 'image' | 'build-cache',
  signal?: AbortSignal,
): Promise<T> {
  const request = { method: 'GET', path: `system/df?type=${type}`, signal } as const;
  for (let retries = 0; ; retries += 1) {
    try {
      return await docker.requestJson(action, schema, request);
    } catch (error) {
      const isBusy = error instanceof Failure && /already running/.test(error.problem.detail ?? '');
      if (!isBusy || retries === usageRetries.count || signal?.aborted) {
        throw error;
      }
      await delay(usageRetries.delayMs);
    }
  }
}

export async function listCacheRecords(docker: EngineApi, signal?: AbortSignal): Promise<CacheRecord[]> {
  const { BuildCache } = await readDiskUsage(docker, 'list its build cache', usageSchema, 'build-cache', signal);
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

/** The records as BuildKit's clients need them. */
export function dockerCacheRecords(docker: EngineApi): CacheRecords {
  return {
    list: (signal) => listCacheRecords(docker, signal),
    remove: async (ids) => {
      // docker accepts one id per request
      for (const id of ids) {
        const filters = new URLSearchParams({ all: '1', filters: JSON.stringify({ id: { [id]: true } }) });
        await pruneBuildCache(docker, filters.toString());
      }
    },
  };
}
