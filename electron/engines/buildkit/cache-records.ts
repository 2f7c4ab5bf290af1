/** Records of BuildKit's build cache. */
import { setTimeout as delay } from 'node:timers/promises';

export interface CacheRecord {
  readonly id: string;
  readonly description: string;
  readonly isInUse: boolean;
  /** An image contains it, too. */
  readonly isShared: boolean;
  readonly bytes: number;
  /** The records that it is based on. */
  readonly parents: readonly string[];
  /** In milliseconds since 1970; NaN or undefined if it is not known. */
  readonly createdAt?: number | undefined;
  readonly usedAt?: number | undefined;
}

/** How the records of one BuildKit are reached. */
export interface CacheRecords {
  list(signal?: AbortSignal): Promise<CacheRecord[]>;
  /** Removes those of the records that can be removed now. */
  remove(ids: readonly string[], signal?: AbortSignal): Promise<void>;
}

/** The files of a context, which BuildKit keeps for the next build. It makes layers of copies of them. */
const contextPattern = /^local source for /;

/** The ids of the records that stay when builds end. */
export async function listLastingIds(records: CacheRecords, signal?: AbortSignal): Promise<string[]> {
  return (await records.list(signal))
    .filter(({ description }) => !contextPattern.test(description))
    .map(({ id }) => id);
}

/** How long the records of a build that has ended may be in use, and how often that is looked at. In milliseconds. */
const releaseTimeoutMs = 3_000;
const releasePollMs = 100;

/** How long records are removed at most, and how many at a time: a daemon may always name new ones. In milliseconds. */
const removeTimeoutMs = 60_000;
const maxRemoved = 1000;

/**
 * Removes all records since the start of a build. Records that another build is using stay. BuildKit removes a record only after
 * the records based on it, so this repeats until nothing more can be removed.
 * @param before the ids of the records that there were at the start
 */
export async function removeNewRecords(records: CacheRecords, before: ReadonlySet<string>): Promise<void> {
  const giveUpAt = performance.now() + releaseTimeoutMs;
  const endAt = performance.now() + removeTimeoutMs;
  for (let previousCount = Number.POSITIVE_INFINITY; performance.now() < endAt; ) {
    const added = (await records.list()).filter(({ id }) => !before.has(id));
    const unneeded = added.filter(({ isInUse }) => !isInUse);
    if (unneeded.length === 0 || unneeded.length >= previousCount) {
      // BuildKit releases the context a moment after the build has ended; another build may use its records for longer
      if (unneeded.length === added.length || performance.now() > giveUpAt) {
        return;
      }
      await delay(releasePollMs);
    }
    previousCount = unneeded.length || Number.POSITIVE_INFINITY;
    await records.remove(unneeded.slice(0, maxRemoved).map(({ id }) => id));
  }
}
