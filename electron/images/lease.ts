import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Digest, isDigest } from '../../shared/image.ts';
import { diskFailure, systemCode } from '../system/file-errors.ts';
import { withLayoutLock } from './layout-lock.ts';
import { liveStagingAreas } from './staging-area.ts';

const prefix = 'lease-';

/**
 * Keeps blobs from being collected, in this process and others, while something that no list names yet relies on them.
 *
 * Hold a blob first and look whether it is there afterwards: `hold` waits for the layout's lock, under which blobs are
 * collected, so a blob that is seen after it was held stays.
 */
export class Lease {
  readonly #layout: string;
  readonly #path: string;
  readonly #held = new Set<Digest>();
  /** Digests that are written down: a second hold of one of them costs nothing. */
  readonly #written = new Set<Digest>();
  #released = false;

  /** @param path a file of its own in an owner's folder; see {@link leasePath}. */
  constructor(layout: string, path: string) {
    this.#layout = layout;
    this.#path = path;
  }

  async hold(...digests: readonly Digest[]): Promise<void> {
    if (this.#released) {
      throw new Error('the lease was released');
    }
    if (digests.every((digest) => this.#written.has(digest))) {
      return;
    }
    for (const digest of digests) {
      this.#held.add(digest);
    }
    await withLayoutLock(this.#layout, async () => {
      if (this.#released || digests.every((digest) => this.#written.has(digest))) {
        return;
      }
      const held = [...this.#held];
      try {
        await mkdir(dirname(this.#path), { recursive: true });
        await writeFile(this.#path, `${held.join('\n')}\n`);
      } catch (error) {
        throw diskFailure(error, this.#path);
      }
      for (const digest of held) {
        this.#written.add(digest);
      }
      // released meanwhile: what was just written must not outlive it
      if (this.#released) {
        await rm(this.#path, { force: true });
      }
    });
  }

  /** Lets go of everything it holds. Harmless when repeated. */
  async release(): Promise<void> {
    this.#released = true;
    await rm(this.#path, { force: true });
  }
}

/** Where a lease of this id and number is written down. The id is for people who look into the folder. */
export function leasePath(ownerFolder: string, id: string, number: number): string {
  return join(ownerFolder, `${prefix}${number}-${id.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 80)}`);
}

/** Every digest that a lease of a living process holds. Call it under the layout's lock. */
export async function heldDigests(work: string): Promise<Set<Digest>> {
  const held = new Set<Digest>();
  for (const folder of await liveStagingAreas(work)) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((name) => name.startsWith(prefix))) {
      for (const line of (await readLease(join(folder, name))).split('\n')) {
        if (isDigest(line)) {
          held.add(line);
        }
      }
    }
  }
  return held;
}

async function readLease(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
