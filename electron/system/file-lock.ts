import { mkdir, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { lock } from 'proper-lockfile';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from './file-errors.ts';

/**
 * The age at which a lock counts as left behind by a dead process, in milliseconds. A living process renews it every
 * half of that.
 */
const staleMs = 5_000;
/**
 * How long to wait for a lock, in milliseconds. Longer than {@link staleMs}, so that the lock of a dead process never
 * causes a failure.
 */
const lockTimeoutMs = 10_000;
/**
 * The mean time between two attempts to get a lock, in milliseconds. It varies, so that waiting processes do not stay
 * in step.
 */
const lockRetryMs = 40;

/** Serves the callers of this process in their order, so that only one at a time competes for the lock file. */
const limits = new Map<string, LimitFunction>();

/**
 * Runs `use` while no other caller, in this process or another, holds the lock of a path. Not reentrant. The path need
 * not exist; its folder is created.
 * @param use gets a function that throws if the lock was lost, because this process was suspended and another process
 *   took it. To be called before a change that cannot be undone.
 * @throws Failure `settings.locked` if another process keeps the lock, `settings.unwritable`, `disk.full`
 */
export async function withFileLock<T>(path: string, use: (assertHeld: () => void) => Promise<T>): Promise<T> {
  const limit = limits.get(path) ?? pLimit(1);
  limits.set(path, limit);
  return limit(async () => {
    let isLost = false;
    const release = await acquire(path, () => {
      isLost = true;
    });
    try {
      return await use(() => {
        if (isLost) {
          throw lockedFailure(path);
        }
      });
    } finally {
      // fails if the lock was lost
      await release().catch(() => undefined);
    }
  });
}

async function acquire(path: string, onCompromised: () => void): Promise<() => Promise<void>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw diskFailure(error, path);
  });
  try {
    return await takeLock(path, { staleMs, timeoutMs: lockTimeoutMs, onCompromised });
  } catch (error) {
    throw errnoCode(error) === 'ELOCKED' ? lockedFailure(path) : diskFailure(error, path);
  }
}

export interface LockOptions {
  /** The age at which a lock counts as left behind. A living process renews it every half of that. */
  readonly staleMs: number;
  /** Longer than {@link staleMs}. */
  readonly timeoutMs: number;
  /** Called when another process has taken the lock. */
  readonly onCompromised: (error: Error) => void;
}

/**
 * Takes the lock of a path, which need not exist, as soon as it is free.
 * @returns a function that releases it
 * @throws Error `ELOCKED` after the timeout; an error of the file system
 */
export async function takeLock(
  path: string,
  { staleMs: stale, timeoutMs, onCompromised }: LockOptions,
): Promise<() => Promise<void>> {
  const deadline = performance.now() + timeoutMs;
  const watch = new LockWatch(`${path}.lock`, stale);
  for (;;) {
    try {
      // the real path cannot be resolved while the file does not exist
      return await lock(path, { realpath: false, stale, onCompromised });
    } catch (error) {
      if (errnoCode(error) !== 'ELOCKED' || performance.now() > deadline) {
        throw error;
      }
      await watch.look();
      await delay(lockRetryMs * (0.5 + Math.random()));
    }
  }
}

/**
 * Recognizes the lock of a dead process whose time is in the future, as after a correction of the clock: by its time alone
 * it would count as fresh until then. A living process renews its lock.
 */
class LockWatch {
  readonly #path: string;
  readonly #staleMs: number;
  #seenMs: number | undefined;
  #sinceMs = 0;

  constructor(path: string, staleMs: number) {
    this.#path = path;
    this.#staleMs = staleMs;
  }

  /** Lets the lock count as stale if it has not been renewed for long enough. */
  async look(): Promise<void> {
    const mtimeMs = (await stat(this.#path).catch(() => undefined))?.mtimeMs;
    if (mtimeMs === undefined || mtimeMs < Date.now() + this.#staleMs) {
      this.#seenMs = undefined;
    } else if (mtimeMs !== this.#seenMs) {
      this.#seenMs = mtimeMs;
      this.#sinceMs = performance.now();
    } else if (performance.now() - this.#sinceMs > this.#staleMs) {
      await utimes(this.#path, 0, 0).catch(() => undefined);
    }
  }
}

function lockedFailure(path: string) {
  return fail(
    'settings.locked',
    `Another Barnraiser process is changing ${path} and has not finished within ${lockTimeoutMs / 1000} s.`,
    `Try again when it has finished. If no other Barnraiser is running, remove the folder ${path}.lock.`,
  );
}
