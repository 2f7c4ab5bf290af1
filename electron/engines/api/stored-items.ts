import type { StoredItem } from '../engine.ts';

/** Earlier times are those of reproducible images, which say nothing. */
const firstTimeMs = Date.UTC(2010, 0, 1);

/** A time that an engine reports, in milliseconds since 1970, if it means anything. */
export function toTime<K extends 'createdAt' | 'usedAt'>(key: K, ms: number | undefined): Pick<StoredItem, K> {
  return (ms !== undefined && ms > firstTimeMs && Number.isFinite(ms) ? { [key]: ms } : {}) as Pick<StoredItem, K>;
}
