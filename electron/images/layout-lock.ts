import pLimit, { type LimitFunction } from 'p-limit';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { takeLock } from '../system/file-lock.ts';

/** A lock that was not updated for this long is stale: another process may take it. It is updated twice in that time. */
const staleMs = 10_000;

/** A collection of garbage may take a while. */
const timeoutMs = 30_000;

export interface LayoutLock {
  /**
   * Throws if the lock was lost: this process was suspended, and another process took the lock. Call it before a change
   * that cannot be undone.
   */
  assertHeld(): void;
}

/** Serves the callers of this process in their order, so that only one at a time competes for the lock file. */
const limits = new Map<string, LimitFunction>();

/**
 * Runs `use` while nothing else, in this process or another, changes the layout. Not reentrant.
 * @param folder the layout's real path.
 * @throws Failure `settings.locked` if another process keeps the lock.
 */
export async function withLayoutLock<T>(folder: string, use: (lock: LayoutLock) => Promise<T>): Promise<T> {
  const limit = limits.get(folder) ?? pLimit(1);
  limits.set(folder, limit);
  return limit(async () => {
    let lossError: Error | undefined;
    const release = await acquire(folder, (error) => {
      lossError = error;
    });
    const assertHeld = (): void => {
      if (lossError) {
        throw lockedFailure(folder, lossError);
      }
    };
    try {
      return await use({ assertHeld });
    } finally {
      // a lost lock belongs to another process and cannot be released
      await release().catch(() => undefined);
    }
  });
}

async function acquire(folder: string, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
  try {
    return await takeLock(folder, { staleMs, timeoutMs, onCompromised });
  } catch (error) {
    throw errnoCode(error) === 'ELOCKED' ? lockedFailure(folder, error) : diskFailure(error, `${folder}.lock`);
  }
}

function lockedFailure(folder: string, cause: unknown) {
  return fail(
    'settings.locked',
    `The image store ${folder} is locked by another Barnraiser process.`,
    'Wait until that process has finished, then try again.',
    undefined,
    cause,
  );
}
