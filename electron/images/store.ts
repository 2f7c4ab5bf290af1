import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Digest, ManifestList } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { diskFailure, syncFolder, systemCode } from '../system/file-errors.ts';
import { Blobs, damaged } from './blobs.ts';
import { collectGarbage } from './garbage.ts';
import { assertPresent } from './image-check.ts';
import {
  createdAnnotation,
  emptyLayoutIndex,
  type LayoutIndex,
  layoutMarker,
  readLayoutIndex,
  refName,
  withoutReference,
  withReference,
  writeLayoutIndex,
} from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';
import { Lease, leasePath } from './lease.ts';
import { type Descriptor, type ImageManifestInfo, isIndexType, parseManifest } from './manifest.ts';
import { joinList } from './manifest-list.ts';
import { StagingArea, sweepStagingAreas } from './staging-area.ts';
import { blobsOf, describeList, readStoredList, type StoredList } from './stored-list.ts';

export type { Blobs } from './blobs.ts';
export type { Lease } from './lease.ts';
export type { ImageManifestInfo, ReceivedImage } from './manifest.ts';
export type { StoredImage, StoredList } from './stored-list.ts';

/**
 * The images on this computer: an OCI image layout that other tools can read (`skopeo inspect --raw oci:FOLDER:REFERENCE`).
 * Several processes may use it at once. What is not whole yet, and the leases, are in `FOLDER.work` beside it; the lock is
 * `FOLDER.lock`.
 *
 * Order of things, so that a crash at any moment loses nothing: blobs are complete and on the disk before they have their
 * name; the index names a list only when all of its blobs are there, and is replaced in one step.
 */
export class ImageStore {
  /** The layout's folder: its real path. */
  readonly folder: string;
  readonly blobs: Blobs;
  readonly #work: string;
  readonly #owner: StagingArea;
  #leases = 0;

  private constructor(folder: string, work: string, owner: StagingArea) {
    this.folder = folder;
    this.#work = work;
    this.#owner = owner;
    this.blobs = new Blobs(folder, owner.folder);
  }

  /**
   * Opens the layout in a folder, which is made where it is missing, and removes what dead processes left unfinished.
   * Close it when done.
   * @throws Failure `settings.unwritable`, `image.corrupt` where the folder holds something else or has lost its index.
   */
  static async open(folder: string): Promise<ImageStore> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw diskFailure(error, folder);
    }
    const real = await realpath(folder);
    const work = `${real}.work`;
    const owner = await StagingArea.open(work);
    try {
      await assertSameDisk(real, work);
      await sweepStagingAreas(work);
      const store = new ImageStore(real, work, owner);
      await store.#create();
      return store;
    } catch (error) {
      await owner.close();
      throw error;
    }
  }

  /** Lets go of all its leases and removes what it has not finished. */
  async close(): Promise<void> {
    await this.#owner.close();
  }

  /** Keeps blobs from being collected until it is released or this process ends. */
  async lease(id: string): Promise<Lease> {
    this.#leases += 1;
    return new Lease(this.folder, leasePath(this.#owner.folder, id, this.#leases));
  }

  /**
   * Every manifest list that can be read, newest first. One whose manifests are damaged is left out; `find` tells about it.
   * @throws Failure `image.corrupt` where the index itself cannot be read.
   */
  async list(): Promise<ManifestList[]> {
    const lists: ManifestList[] = [];
    for (const descriptor of (await this.#index()).manifests) {
      const reference = refName(descriptor);
      if (reference !== undefined && isIndexType(descriptor.mediaType)) {
        const list = await this.#read(reference, descriptor).catch((error: unknown) => {
          if (error instanceof Failure) {
            return undefined;
          }
          throw error;
        });
        lists.push(...(list ? [list] : []));
      }
    }
    return lists.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  }

  /** @throws Failure `image.unknown`; `image.incomplete` or `image.corrupt` where its manifests are damaged. */
  async find(reference: string): Promise<ManifestList> {
    return this.#read(reference, await this.#descriptor(reference));
  }

  /** The exact bytes of a manifest or list, as they are pushed to registries. */
  async rawManifest(digest: Digest): Promise<{ bytes: Buffer; mediaType: string }> {
    const bytes = await this.blobs.readSmall(digest);
    return { bytes, mediaType: parseManifest(bytes).mediaType };
  }

  /**
   * Joins images into one list and gives it a reference, in the place of what had it before; the blobs that only the older
   * list needed are collected.
   * @throws Failure `image.incomplete` where a blob is missing, `build.incomplete`, `image.corrupt`, `disk.full`
   */
  async commit(reference: string, entries: readonly ImageManifestInfo[], signal?: AbortSignal): Promise<ManifestList> {
    const joined = joinList(entries);
    return withLayoutLock(this.folder, async (lock) => {
      for (const { platform, digest, mediaType, manifestSize, config, layers } of entries) {
        signal?.throwIfAborted();
        const parts = [{ digest, mediaType, size: manifestSize }, config, ...layers];
        await assertPresent(this.blobs, parts, `The image of ${reference} for ${platform}`);
      }
      await this.blobs.put(joined.bytes);
      await syncFolder(this.blobs.folder);
      const descriptor: Descriptor = {
        mediaType: joined.mediaType,
        digest: joined.digest,
        size: joined.bytes.length,
        annotations: { [createdAnnotation]: new Date().toISOString() },
      };
      const before = await this.#index();
      const after = withReference(before, reference, descriptor);
      signal?.throwIfAborted();
      lock.assertHeld();
      await writeLayoutIndex(this.folder, after);
      const older = before.manifests.find((entry) => refName(entry) === reference);
      if (older && older.digest !== joined.digest) {
        // the list is in its place whatever happens here; the next collection takes what this one leaves
        await collectGarbage(this.blobs, after, this.#work).catch(() => 0);
      }
      return this.#read(reference, descriptor);
    });
  }

  /**
   * Removes a list and the blobs that nothing else refers to.
   * @throws Failure `image.unknown`
   */
  async remove(reference: string): Promise<{ freedBytes: number }> {
    return withLayoutLock(this.folder, async (lock) => {
      const before = await this.#index();
      const after = withoutReference(before, reference);
      if (after.manifests.length === before.manifests.length) {
        throw unknown(reference);
      }
      lock.assertHeld();
      await writeLayoutIndex(this.folder, after);
      return { freedBytes: await collectGarbage(this.blobs, after, this.#work) };
    });
  }

  /** Removes the blobs that nothing refers to: what failed builds have left. */
  async collect(): Promise<{ freedBytes: number }> {
    return withLayoutLock(this.folder, async () => ({
      freedBytes: await collectGarbage(this.blobs, await this.#index(), this.#work),
    }));
  }

  /**
   * Reads every blob of a list and compares it with its digest.
   * @throws Failure `image.corrupt` or `image.incomplete` that names the blob.
   */
  async verify(reference: string, signal?: AbortSignal): Promise<{ blobs: number; bytes: number }> {
    const { stored, lease } = await this.borrow(reference);
    try {
      const blobs = blobsOf(stored);
      for (const { digest } of blobs) {
        const hash = createHash('sha256');
        for await (const chunk of this.blobs.read(digest)) {
          signal?.throwIfAborted();
          hash.update(chunk);
        }
        const actual = hash.digest('hex');
        if (digest !== `sha256:${actual}`) {
          throw damaged(digest, `Its bytes are sha256:${actual}.`);
        }
      }
      return { blobs: blobs.length, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
    } finally {
      await lease.release();
    }
  }

  /**
   * A list with a lease on all of its blobs, for whoever reads them for a while (a push, an export): neither a removal nor
   * a newer list takes them away meanwhile. Release the lease.
   * @throws Failure as `find` does.
   */
  async borrow(reference: string): Promise<{ list: ManifestList; stored: StoredList; lease: Lease }> {
    const lease = await this.lease(`borrow-${reference}`);
    try {
      for (;;) {
        const descriptor = await this.#descriptor(reference);
        const stored = await readStoredList(this.blobs, descriptor);
        await lease.hold(...blobsOf(stored).map(({ digest }) => digest));
        // held first and looked at again afterwards: in between, it may have been replaced or removed
        if ((await this.#descriptor(reference)).digest === descriptor.digest) {
          return { list: describeList(reference, descriptor, stored), stored, lease };
        }
      }
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async #read(reference: string, descriptor: Descriptor): Promise<ManifestList> {
    return describeList(reference, descriptor, await readStoredList(this.blobs, descriptor));
  }

  async #descriptor(reference: string): Promise<Descriptor> {
    const descriptor = (await this.#index()).manifests.find((entry) => refName(entry) === reference);
    if (!descriptor || !isIndexType(descriptor.mediaType)) {
      throw unknown(reference);
    }
    return descriptor;
  }

  async #index(): Promise<LayoutIndex> {
    const index = await readLayoutIndex(this.folder);
    if (!index) {
      throw lostIndex(this.folder);
    }
    return index;
  }

  async #create(): Promise<void> {
    if (await isLayout(this.folder)) {
      await this.blobs.create();
      return;
    }
    await withLayoutLock(this.folder, async () => {
      await this.blobs.create();
      if (!(await stat(join(this.folder, 'index.json')).catch(() => undefined))) {
        if ((await this.blobs.digests()).length > 0) {
          throw lostIndex(this.folder);
        }
        await writeLayoutIndex(this.folder, emptyLayoutIndex);
      }
      // the marker comes last: a folder that has it is complete
      await writeFileAtomic(join(this.folder, 'oci-layout'), layoutMarker);
      await syncFolder(this.folder);
    });
  }
}

async function isLayout(folder: string): Promise<boolean> {
  try {
    await readFile(join(folder, 'oci-layout'));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      return false;
    }
    throw diskFailure(error, folder);
  }
}

/** Blobs get their name by a rename, which only works on one file system. */
async function assertSameDisk(folder: string, work: string): Promise<void> {
  if ((await stat(folder)).dev !== (await stat(work)).dev) {
    throw fail(
      'settings.unwritable',
      `The image store ${folder} is a disk of its own, so that ${work} is on another.`,
      `Use a folder inside that disk instead, for example ${join(folder, 'images')}.`,
      `${dirname(folder)} and ${folder} are on different file systems.`,
    );
  }
}

function unknown(reference: string) {
  return fail('image.unknown', `There is no image ${reference}.`, 'Build it, or see `barnraiser images`.');
}

function lostIndex(folder: string) {
  return fail(
    'image.corrupt',
    `The image store ${folder} has lost its index.json.`,
    'Put it back from a backup, or move the folder aside to start with an empty one.',
  );
}
