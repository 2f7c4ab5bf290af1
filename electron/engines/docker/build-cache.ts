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
        CreatedAt: z.string().nullish(),
        LastUsedAt: z.string().nullish(),
        // before docker 23
        Parent: z.string().nullish(),
        Parents: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});

/** docker takes the filter `id` as a pattern: so many records go with one request. */
const maxRemoved = 100;

/** docker before 23 measures its disk usage for one client at a time. How often and how long that is waited for, in milliseconds. */
const usageRetries = { count: 50, delayMs: 200 } as const;

/** What docker says of the space that something takes. @throws Failure */
export async function readDiskUsage<T>(
  docker: EngineApi,
  action: string,
  schema: z.ZodType<T>,
  types: readonly ('image' | 'build-cache' | 'container' | 'volume')[],
  signal?: AbortSignal,
): Promise<T> {
  const request = {
    method: 'GET',
    path: `system/df?${types.map((type) => `type=${type}`).join('&')}`,
    signal,
  } as const;
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
  const { BuildCache } = await readDiskUsage(docker, 'list its build cache', usageSchema, ['build-cache'], signal);
  return (BuildCache ?? []).map(({ ID, Description, InUse, Shared, Size, ...record }) => ({
    id: ID,
    description: Description ?? '',
    isInUse: InUse === true,
    isShared: Shared === true,
    bytes: Size,
    parents: record.Parents ?? (record.Parent ? [record.Parent] : []),
    createdAt: Date.parse(record.CreatedAt ?? ''),
    usedAt: Date.parse(record.LastUsedAt ?? ''),
  }));
}

/** Removes those of the records that no build uses and that no others are based on. */
export async function removeCacheRecords(
  docker: EngineApi,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const safe = ids.filter((id) => /^\w+$/.test(id));
  for (let from = 0; from < safe.length; from += maxRemoved) {
    const pattern = `^(${safe.slice(from, from + maxRemoved).join('|')})$`;
    const filters = new URLSearchParams({ all: '1', filters: JSON.stringify({ id: { [pattern]: true } }) });
    const body = await docker.openStream('prune its build cache', {
      method: 'POST',
      path: `build/prune?${filters}`,
      timeoutMs: 600_000,
      signal,
    });
    body.resume();
  }
}

/** The records as BuildKit's clients need them. */
export function dockerCacheRecords(docker: EngineApi): CacheRecords {
  return {
    list: (signal) => listCacheRecords(docker, signal),
    remove: (ids, signal) => removeCacheRecords(docker, ids, signal),
  };
}
