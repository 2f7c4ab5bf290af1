import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { Failure } from '../../shared/problem.ts';
import { errnoCode } from './file-errors.ts';

/** Enough for an index, a lock and a few folders. */
const reserveBytes = 64 * 1024;

/**
 * A file that takes up a little space, so that data can be deleted on a full disk: that needs some space, for example for
 * the index without the deleted image.
 */
export class DiskReserve {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Runs `use`. If the disk is full, the reserve is given up and `use` runs once more. */
  async lend<T>(use: () => Promise<T>): Promise<T> {
    try {
      return await use();
    } catch (error) {
      if (!isDiskFull(error) || !(await this.#freeReserve())) {
        throw error;
      }
      return await use();
    } finally {
      await this.#fill();
    }
  }

  /** @returns false if there is no reserve */
  async #freeReserve(): Promise<boolean> {
    return rm(this.#path).then(
      () => true,
      () => false,
    );
  }

  /** Makes the reserve if there is none and the disk has room for it. */
  async #fill(): Promise<void> {
    if (await stat(this.#path).catch(() => undefined)) {
      return;
    }
    // random bytes: a file system that compresses would give zeros no space
    await writeFileAtomic(this.#path, randomBytes(reserveBytes), { mode: 0o600 }).catch(() => undefined);
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Failure ? error.problem.code === 'disk.full' : errnoCode(error) === 'ENOSPC';
}
