import pLimit, { type LimitFunction } from 'p-limit';
import lockfile from 'proper-lockfile';
import { fail } from '../../shared/problem.ts';
import { diskFailure, systemCode } from '../system/file-errors.ts';

/** A lock whose owner has not touched it for this long is void. It is touched twice in that time. */
const staleMs = 10_000;

/** Waits of 50 to 250 ms between tries, half a minute in all: longer than a stale lock lasts. */
const retries = { retries: 130, factor: 1.2, minTimeout: 50, maxTimeout: 250 };

export interface LayoutLock {
  /** Throws where the lock was lost (this process slept for long and another took it). Ask before what cannot be undone. */
  assertHeld(): void;
}

// inside this process there is no need to try again and again: who comes first is served first
const turns = new Map<string, LimitFunction>();

/**
 * Runs `use` while no other process, and nothing else in this one, changes the layout. Not reentrant.
 * @param folder the layout's real path.
 * @throws Failure `settings.locked` where another process keeps the lock.
 */
export async function withLayoutLock<T>(folder: string, use: (lock: LayoutLock) => Promise<T>): Promise<T> {
  const turn = turns.get(folder) ?? pLimit(1);
  turns.set(folder, turn);
  return turn(async () => {
    let lost: Error | undefined;
    const release = await acquire(folder, (error) => {
      lost = error;
    });
    const assertHeld = (): void => {
      if (lost) {
        throw locked(folder, lost);
      }
    };
    try {
      return await use({ assertHeld });
    } finally {
      // a lost lock is another's now and cannot be given back
      await release().catch(() => undefined);
    }
  });
}

async function acquire(folder: string, onCompromised: (error: Error) => void): Promise<() => Promise<void>> {
  try {
    return await lockfile.lock(folder, {
      realpath: false,
      stale: staleMs,
      update: staleMs / 2,
      retries,
      onCompromised,
    });
  } catch (error) {
    throw systemCode(error) === 'ELOCKED' ? locked(folder, error) : diskFailure(error, `${folder}.lock`);
  }
}

function locked(folder: string, cause: unknown) {
  return fail(
    'settings.locked',
    `The image store ${folder} is in use by another process of Barnraiser.`,
    'Wait until that one has finished, then try again.',
    undefined,
    cause,
  );
}
