import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Digest, isDigest } from '../../shared/image.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { listDeadStagingAreas, listLiveStagingAreas } from '../system/staging-area.ts';
import { withLayoutLock } from './layout-lock.ts';

const prefix = 'lease-';

/** The lease of a build has its id, see {@link leasePath}. */
const buildLeasePattern = /^lease-\d+-\d{8}-\d{6}-[0-9a-z]+$/;

/** 3 days. */
const maxKeptMs = 3 * 24 * 3_600_000;

/**
 * Keeps blobs from garbage collection, in this process and others, while they are in use and no list names them yet.
 *
 * Hold a blob first, then check whether it exists. `hold` waits for the lock of the layout, under which garbage
 * collection runs, so a blob that exists after `hold` is not removed.
 */
export class Lease {
  readonly #layoutFolder: string;
  readonly #path: string;
  readonly #held = new Set<Digest>();
  /** The digests that are in the lease file. Holding one of them again needs no write. */
  readonly #written = new Set<Digest>();
  #isReleased = false;

  /** @param path the lease file, in a staging area; see {@link leasePath}. */
  constructor(layoutFolder: string, path: string) {
    this.#layoutFolder = layoutFolder;
    this.#path = path;
  }

  async hold(...digests: readonly Digest[]): Promise<void> {
    if (this.#isReleased) {
      throw new Error('the lease was released');
    }
    if (digests.every((digest) => this.#written.has(digest))) {
      return;
    }
    for (const digest of digests) {
      this.#held.add(digest);
    }
    await withLayoutLock(this.#layoutFolder, async () => {
      if (this.#isReleased || digests.every((digest) => this.#written.has(digest))) {
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
      // released during the write: the file that was just written must not stay
      if (this.#isReleased) {
        await rm(this.#path, { force: true });
      }
    });
  }

  /** Releases all held blobs. May be called again. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await rm(this.#path, { force: true });
  }
}

/** The path of a lease file in a staging area. The number makes it unique; the id only helps people who read it. */
export function leasePath(stagingFolder: string, id: string, number: number): string {
  return join(stagingFolder, `${prefix}${number}-${id.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 80)}`);
}

/**
 * Every digest that is held by a lease of a live process, or of a build that can be resumed. Call it under the lock of the layout.
 */
export async function readLeasedDigests(workFolder: string): Promise<Set<Digest>> {
  const digests = new Set<Digest>();
  const live = (await listLiveStagingAreas(workFolder)).map(leasesIn);
  for (const path of [...(await Promise.all(live)).flat(), ...(await keptLeases(workFolder))]) {
    for (const line of (await readLeaseFile(path)).split('\n')) {
      if (isDigest(line)) {
        digests.add(line);
      }
    }
  }
  return digests;
}

/**
 * Whether a file is the lease of a build whose process has died, so that resuming the build finds the blobs that had arrived. It is
 * not kept for ever.
 */
export async function isKeptLease(path: string): Promise<boolean> {
  if (!buildLeasePattern.test(basename(path))) {
    return false;
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < maxKeptMs;
}

/** Removes the leases of builds whose processes have died. */
export async function dropKeptLeases(workFolder: string, buildIds: readonly string[]): Promise<void> {
  for (const path of await keptLeases(workFolder)) {
    if (buildIds.some((id) => path.endsWith(`-${id}`))) {
      await rm(path, { force: true });
    }
  }
}

async function keptLeases(workFolder: string): Promise<string[]> {
  const paths = (await Promise.all((await listDeadStagingAreas(workFolder)).map(leasesIn))).flat();
  const areKept = await Promise.all(paths.map(isKeptLease));
  return paths.filter((_, index) => areKept[index]);
}

async function leasesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(folder, name));
}

async function readLeaseFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
