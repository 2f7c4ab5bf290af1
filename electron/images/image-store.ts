/** The images on this computer: the OCI layout, its imports and exports, and the receiver that nodes push into. */
import { mkdir, realpath } from 'node:fs/promises';
import { type DamagedImage, type Digest, type ManifestList, parseReference } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { diskFailure } from '../system/file-errors.ts';
import { removeStaleStagingAreas, StagingArea } from '../system/staging-area.ts';
import { syncFolder } from '../system/sync-folder.ts';
import {
  type Attachable,
  type AttachedManifest,
  attachedDescriptor,
  readAttached,
  withAttached,
  withoutOrphans,
} from './attached-manifests.ts';
import { BlobStore, corruptBlobFailure } from './blob-store.ts';
import { digestOf } from './digest.ts';
import { collectGarbage, findReachableDigests, unneededBytes } from './garbage-collection.ts';
import { findKept, withKept, withoutKept, withoutKeptFor } from './kept-images.ts';
import { LayerFileIndex } from './layer-files.ts';
import { ProgramIndex } from './layer-programs.ts';
import { assertSameFileSystem, createLayout, missingIndexFailure } from './layout-folder.ts';
import {
  createdAnnotation,
  type LayoutIndex,
  type ListMarks,
  readLayoutIndex,
  refName,
  withMarks,
  withoutReference,
  withReference,
  writeLayoutIndex,
} from './layout-index.ts';
import { withLayoutLock } from './layout-lock.ts';
import { dropKeptLeases, isKeptLease, Lease, leasePath } from './lease.ts';
import {
  type Descriptor,
  isIndexType,
  parseManifest,
  type RawManifest,
  type ReceivedImage,
  sizeOfBlobs,
} from './manifest.ts';
import { createManifestList } from './manifest-list.ts';
import {
  replacedBytes,
  replacedLimits,
  withinLimits,
  withoutHoldersOf,
  withoutReplaced,
  withReplaced,
} from './replaced-lists.ts';
import { blobsOf, describeList, readStoredList, receivedImages, type StoredList } from './stored-list.ts';
import { readStoredManifest } from './stored-manifest.ts';

interface CommitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Manifests that describe the images or the list. A lease holds their blobs. */
  readonly attached?: readonly Descriptor[] | undefined;
}

/**
 * Local storage: an OCI image layout that other tools can read (`skopeo inspect --raw oci:FOLDER:REFERENCE`). Several
 * processes may use it at once. Incomplete blobs and leases are in the work folder `FOLDER.work` beside it; the lock is
 * `FOLDER.lock`. What is known of the programs and the files in layers is in `FOLDER.programs` and `FOLDER.files`.
 *
 * A crash at any moment loses nothing: a blob gets its name only when it is complete and on the disk, and the index
 * names a list only when all blobs of the list are there. The index is replaced atomically.
 */
export class ImageStore {
  /** The real path of the layout. */
  readonly folder: string;
  readonly blobs: BlobStore;
  readonly programs: ProgramIndex;
  readonly layerFiles: LayerFileIndex;
  readonly #workFolder: string;
  readonly #stagingArea: StagingArea;
  #leaseCount = 0;

  private constructor(folder: string, workFolder: string, stagingArea: StagingArea) {
    this.folder = folder;
    this.#workFolder = workFolder;
    this.#stagingArea = stagingArea;
    this.blobs = new BlobStore(folder, stagingArea.folder);
    this.programs = new ProgramIndex(this.blobs);
    this.layerFiles = new LayerFileIndex(this.blobs);
  }

  /**
   * Opens the layout in a folder, or creates it, and removes the incomplete blobs of dead processes, and their leases except of
   * builds that can be resumed. Close it when it is no longer needed.
   * @throws Failure `settings.unwritable`, or `image.corrupt` if the folder has blobs but no index.
   */
  static async open(folder: string): Promise<ImageStore> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw diskFailure(error, folder);
    }
    const realFolder = await realpath(folder);
    const workFolder = `${realFolder}.work`;
    const stagingArea = await StagingArea.open(workFolder);
    try {
      await assertSameFileSystem(realFolder, workFolder);
      await removeStaleStagingAreas(workFolder, isKeptLease);
      const store = new ImageStore(realFolder, workFolder, stagingArea);
      await createLayout(realFolder, store.blobs);
      return store;
    } catch (error) {
      await stagingArea.close();
      throw error;
    }
  }

  /** Releases all leases of this store and removes its incomplete blobs. */
  async close(): Promise<void> {
    await this.#stagingArea.close();
  }

  /** Creates an empty lease. It ends when it is released or when this process ends. */
  async createLease(id: string): Promise<Lease> {
    this.#leaseCount += 1;
    return new Lease(this.folder, leasePath(this.#stagingArea.folder, id, this.#leaseCount));
  }

  /** Releases what builds hold whose processes have died. */
  async dropLeases(buildIds: readonly string[]): Promise<void> {
    await dropKeptLeases(this.#workFolder, buildIds);
  }

  /**
   * All manifest lists, newest first. Lists with damaged manifests are left out; {@link find} reports the damage.
   * @throws Failure `image.corrupt` if the index cannot be read.
   */
  async list(): Promise<ManifestList[]> {
    const lists: ManifestList[] = [];
    for (const descriptor of (await this.#readIndex()).manifests) {
      const reference = refName(descriptor);
      if (reference !== undefined && isIndexType(descriptor.mediaType)) {
        const list = await this.#readList(reference, descriptor).catch((error: unknown) => {
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

  /**
   * Lists with damaged or missing manifests, which {@link list} leaves out. Without a reference: what is kept for later builds.
   * @throws Failure `image.corrupt` if the index cannot be read.
   */
  async damaged(): Promise<DamagedImage[]> {
    const index = await this.#readIndex();
    const damaged: DamagedImage[] = [];
    for (const descriptor of index.manifests) {
      const reference = refName(descriptor);
      const isUnreadable = async (): Promise<boolean> =>
        reference !== undefined &&
        isIndexType(descriptor.mediaType) &&
        (await readStoredList(this.blobs, descriptor).then(
          () => false,
          (error: unknown) => {
            if (error instanceof Failure) {
              return true;
            }
            throw error;
          },
        ));
      const reachable = await findReachableDigests(this.blobs, { ...index, manifests: [descriptor] });
      if (!reachable || (await isUnreadable())) {
        damaged.push({ ...(reference === undefined ? {} : { reference }), blocksCleanup: reachable === undefined });
      }
    }
    return damaged;
  }

  /** @throws Failure `image.unknown`; `image.incomplete` or `image.corrupt` if its manifests are damaged. */
  async find(reference: string): Promise<ManifestList> {
    return this.#readList(reference, await this.#findDescriptor(reference));
  }

  /** A manifest or list with its exact bytes, as registries need them. */
  async readManifest(digest: Digest): Promise<RawManifest> {
    const bytes = await this.blobs.readVerified(digest);
    return { digest, bytes, mediaType: parseManifest(bytes).mediaType };
  }

  /**
   * Joins images into a manifest list and stores it under a reference. An older list with that reference is replaced, and
   * stays for a while without a name ({@link withReplaced}). A complete list also replaces what incomplete builds of the
   * reference have kept.
   * @param options what is said of the list, see `ManifestList`, and its own annotations
   * @throws Failure `image.incomplete` if a blob is missing, `build.incomplete`, `image.corrupt`, `disk.full`
   */
  async commit(
    reference: string,
    images: readonly ReceivedImage[],
    { signal, annotations, attached, ...marks }: ListMarks & CommitOptions = {},
  ): Promise<ManifestList> {
    const put = (index: LayoutIndex) => this.#putList(reference, images, index, { signal, annotations });
    return this.#commit(reference, put, { signal, attached, ...marks });
  }

  /**
   * Stores a list with the bytes that it has elsewhere, under a reference, as {@link commit} does. A lease holds its blobs.
   * @throws Failure like {@link commit}
   */
  async commitList(
    reference: string,
    stored: StoredList,
    options: ListMarks & CommitOptions = {},
  ): Promise<ManifestList> {
    const { list } = stored;
    const put = async () => {
      await this.blobs.assertPresent(
        blobsOf(stored).filter(({ digest }) => digest !== list.digest),
        `The image ${reference}`,
      );
      return await this.#putManifest(list);
    };
    return this.#commit(reference, put, options);
  }

  async #commit(
    reference: string,
    put: (index: LayoutIndex) => Promise<Descriptor>,
    { signal, attached = [], ...marks }: ListMarks & CommitOptions,
  ): Promise<ManifestList> {
    return withLayoutLock(this.folder, async (lock) => {
      const oldIndex = await this.#readIndex();
      const descriptor = withMarks(await put(oldIndex), marks);
      const others = (marks.missing ?? []).length === 0 ? withoutKeptFor(oldIndex, reference) : oldIndex;
      const now = new Date();
      // the same list once more replaces nothing
      const isSame = oldIndex.manifests.some(
        (entry) => refName(entry) === reference && entry.digest === descriptor.digest,
      );
      const withOld = isSame ? others : await withReplaced(this.blobs, others, reference, now);
      const named = withAttached(withReference(withOld, reference, descriptor), attached);
      const newIndex = isSame ? named : await this.#withinLimits(named, now);
      signal?.throwIfAborted();
      lock.assertHeld();
      await writeLayoutIndex(this.folder, newIndex);
      if (oldIndex.manifests.some((entry) => newIndex.manifests.every(({ digest }) => digest !== entry.digest))) {
        // the list is committed even if this fails; the next collection removes what this one leaves behind
        await collectGarbage(this.blobs, newIndex, this.#workFolder).catch(() => 0);
      }
      return this.#readList(reference, descriptor);
    });
  }

  /**
   * Keeps the finished images of a build that is not complete, instead of those that it has kept before, until a complete
   * list is stored under its reference, {@link releaseKept} is called, or many later builds have kept theirs.
   * @throws Failure like {@link commit}
   */
  async keep(buildId: string, reference: string, images: readonly ReceivedImage[]): Promise<void> {
    await withLayoutLock(this.folder, async (lock) => {
      const index = await this.#readIndex();
      const list = await this.#putList(reference, images, index);
      lock.assertHeld();
      await writeLayoutIndex(this.folder, withKept(index, buildId, reference, list));
    });
  }

  /** Removes the images that builds have kept, and the blobs that nothing else refers to. */
  async releaseKept(buildIds: readonly string[]): Promise<void> {
    const before = await this.#readIndex();
    if (!buildIds.some((id) => findKept(before, id))) {
      return;
    }
    await withLayoutLock(this.folder, async (lock) => {
      const index = withoutKept(await this.#readIndex(), buildIds);
      lock.assertHeld();
      await writeLayoutIndex(this.folder, index);
      await collectGarbage(this.blobs, index, this.#workFolder);
    });
  }

  /**
   * The images that a build has kept, or those under its reference if it has kept none. The lease holds them. Empty if
   * there are none.
   */
  async holdImages(buildId: string, reference: string, lease: Lease): Promise<ReceivedImage[]> {
    for (;;) {
      const find = async (): Promise<Descriptor | undefined> => {
        const index = await this.#readIndex();
        return findKept(index, buildId) ?? index.manifests.find((entry) => refName(entry) === reference);
      };
      const descriptor = await find();
      if (!descriptor || !isIndexType(descriptor.mediaType)) {
        return [];
      }
      const stored = await readStoredList(this.blobs, descriptor);
      await lease.hold(...blobsOf(stored).map(({ digest }) => digest));
      // it may have been replaced or removed before its blobs were held
      if ((await find())?.digest === descriptor.digest) {
        return receivedImages(stored);
      }
    }
  }

  /**
   * An image with all of its blobs, whatever list names it. The lease holds it. Undefined if a part of it is missing.
   * @param attachments those that it was received with
   */
  async holdImage(
    {
      platform,
      digest,
      mediaType,
      attachments,
    }: Pick<ReceivedImage, 'platform' | 'digest' | 'mediaType' | 'attachments'>,
    lease: Lease,
  ): Promise<ReceivedImage | undefined> {
    try {
      await lease.hold(digest, ...attachments.map((attachment) => attachment.digest));
      const { bytes, config, layers } = await readStoredManifest(this.blobs, { digest, mediaType });
      const size = sizeOfBlobs([config, ...layers]);
      const manifestSize = bytes.length;
      const image = { platform, digest, mediaType, manifestSize, config, layers, size, attachments };
      const parts = await this.#partsOf(image);
      await lease.hold(...parts.map((part) => part.digest));
      await this.blobs.assertPresent(parts, `The image for ${platform}`);
      return image;
    } catch (error) {
      if (error instanceof Failure) {
        return undefined;
      }
      throw error;
    }
  }

  /** All blobs of an image. @throws Failure `image.incomplete`, `image.corrupt` if an attachment cannot be read */
  async #partsOf({
    digest,
    mediaType,
    manifestSize,
    config,
    layers,
    attachments,
  }: ReceivedImage): Promise<Descriptor[]> {
    const parts = [{ digest, mediaType, size: manifestSize }, config, ...layers, ...attachments];
    for (const attachment of attachments) {
      const manifest = await readStoredManifest(this.blobs, attachment);
      parts.push(manifest.config, ...manifest.layers);
    }
    return parts;
  }

  /**
   * Stores a manifest that describes a list or an image, instead of an earlier one of the same role.
   * @param parts its blobs
   */
  async attach(
    manifest: Omit<RawManifest, 'digest'>,
    parts: readonly Uint8Array[],
    attachable: Attachable,
  ): Promise<void> {
    const lease = await this.createLease('attach');
    try {
      const descriptor = await this.putAttached(manifest, parts, attachable, lease);
      await withLayoutLock(this.folder, async (lock) => {
        const index = withAttached(await this.#readIndex(), [descriptor]);
        lock.assertHeld();
        await writeLayoutIndex(this.folder, index);
      });
    } finally {
      await lease.release();
    }
  }

  /** Stores the blobs of such a manifest, which the lease holds. @returns its entry for the index, see {@link commit} */
  async putAttached(
    { bytes, mediaType }: Omit<RawManifest, 'digest'>,
    parts: readonly Uint8Array[],
    attachable: Attachable,
    lease: Lease,
  ): Promise<Descriptor> {
    await lease.hold(...[bytes, ...parts].map(digestOf));
    for (const part of [...parts, bytes]) {
      await this.blobs.put(part);
    }
    await syncFolder(this.blobs.folder);
    return attachedDescriptor({ mediaType, digest: digestOf(bytes), size: bytes.length }, attachable);
  }

  /** What describes these lists and images. */
  async attachedTo(subjects: readonly Digest[]): Promise<AttachedManifest[]> {
    return readAttached(this.blobs, await this.#readIndex(), new Set(subjects));
  }

  /** Writes the manifest list of images whose blobs are all there. To be called under the lock. */
  async #putList(
    reference: string,
    images: readonly ReceivedImage[],
    index: LayoutIndex,
    { signal, annotations: own }: CommitOptions = {},
  ): Promise<Descriptor> {
    const list = createManifestList(images, own);
    for (const image of images) {
      signal?.throwIfAborted();
      await this.blobs.assertPresent(await this.#partsOf(image), `The image of ${reference} for ${image.platform}`);
    }
    const isStored = index.manifests.some(({ digest }) => digest === list.digest);
    return await this.#putManifest(list, isStored);
  }

  /** @param isStored whether it may be there already */
  async #putManifest({ bytes, mediaType, digest }: RawManifest, isStored = false): Promise<Descriptor> {
    if (!(isStored && (await this.blobs.hasContent(digest, bytes)))) {
      await this.blobs.put(bytes);
      await syncFolder(this.blobs.folder);
    }
    const annotations = { [createdAnnotation]: new Date().toISOString() };
    return { mediaType, digest, size: bytes.length, annotations };
  }

  /**
   * Removes a list and the blobs that nothing else refers to.
   * @throws Failure `image.unknown`
   */
  async remove(reference: string): Promise<{ freedBytes: number }> {
    return withLayoutLock(this.folder, async (lock) => {
      const oldIndex = await this.#readIndex();
      const removed = oldIndex.manifests.find((entry) => refName(entry) === reference);
      if (!removed) {
        throw unknownImageFailure(reference, 'Check the name in the list of images.');
      }
      const others = await withoutHoldersOf(this.blobs, withoutReference(oldIndex, reference), removed);
      const newIndex = await this.#withinLimits(others);
      lock.assertHeld();
      await writeLayoutIndex(this.folder, newIndex);
      return { freedBytes: await collectGarbage(this.blobs, newIndex, this.#workFolder) };
    });
  }

  /** Removes the blobs that nothing refers to, such as those of failed builds, and replaced lists beyond their limits. */
  async collectGarbage(): Promise<{ freedBytes: number }> {
    return this.#collect((index) => this.#withinLimits(index));
  }

  /** The bytes that are kept only for later builds: layers of replaced lists. */
  async cacheBytes(): Promise<number> {
    return replacedBytes(this.blobs, await this.#readIndex());
  }

  /** Removes the replaced lists, and the blobs that nothing refers to. */
  async clearCache(): Promise<{ freedBytes: number }> {
    return this.#collect(async (index) => withoutOrphans(this.blobs, withoutReplaced(index)));
  }

  /** Removes the blobs that the index does not need after a change. */
  async #collect(change: (index: LayoutIndex) => Promise<LayoutIndex>): Promise<{ freedBytes: number }> {
    return withLayoutLock(this.folder, async (lock) => {
      const oldIndex = await this.#readIndex();
      const newIndex = await change(oldIndex);
      if (newIndex.manifests.length < oldIndex.manifests.length) {
        lock.assertHeld();
        await writeLayoutIndex(this.folder, newIndex);
      }
      return { freedBytes: await collectGarbage(this.blobs, newIndex, this.#workFolder) };
    });
  }

  /**
   * Changes which names the lists have, under the lock. Lists that have lost theirs stay within the limits of replaced lists.
   * @returns what `change` returns beside the new index
   */
  async rename<T>(
    change: (index: LayoutIndex) => Promise<{ readonly index: LayoutIndex; readonly result: T }>,
  ): Promise<T> {
    return withLayoutLock(this.folder, async (lock) => {
      const { index, result } = await change(await this.#readIndex());
      const newIndex = await this.#withinLimits(index);
      lock.assertHeld();
      await writeLayoutIndex(this.folder, newIndex);
      return result;
    });
  }

  /** What the layout names, with what it keeps without a name. @throws Failure `image.corrupt` */
  readIndex(): Promise<LayoutIndex> {
    return this.#readIndex();
  }

  /** @throws Failure `image.unknown` */
  async assertNamed(reference: string): Promise<void> {
    if ((await this.#readIndex()).manifests.every((entry) => refName(entry) !== reference)) {
      throw unknownImageFailure(reference);
    }
  }

  /** What {@link remove} would free now. @throws Failure `image.unknown` */
  async freedBytes(reference: string): Promise<number> {
    const index = await this.#readIndex();
    const removed = index.manifests.find((entry) => refName(entry) === reference);
    if (!removed) {
      throw unknownImageFailure(reference);
    }
    const rest = await withoutHoldersOf(this.blobs, withoutReference(index, reference), removed);
    return unneededBytes(this.blobs, rest, this.#workFolder);
  }

  /** The index without the replaced lists that are too old or too large. */
  async #withinLimits(index: LayoutIndex, now = new Date()): Promise<LayoutIndex> {
    return withoutOrphans(this.blobs, await withinLimits(this.blobs, index, await replacedLimits(this.blobs), now));
  }

  /**
   * Reads every blob of a list and compares it with its digest.
   * @throws Failure `image.corrupt` or `image.incomplete` that names the blob.
   */
  async verify(reference: string, signal?: AbortSignal): Promise<{ blobs: number; bytes: number }> {
    const { stored, lease } = await this.leaseList(reference);
    try {
      const blobs = blobsOf(stored);
      for (const { digest } of blobs) {
        const actual = await this.blobs.computeDigest(digest, signal ? { signal } : {});
        if (digest !== actual) {
          throw corruptBlobFailure(digest, `Its bytes have the digest ${actual}.`);
        }
      }
      return { blobs: blobs.length, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
    } finally {
      await lease.release();
    }
  }

  /**
   * Reads a list and holds all of its blobs with a lease, for a push or an export. Removing or replacing the list
   * meanwhile does not remove the blobs. The caller releases the lease.
   * @throws Failure like {@link find}.
   */
  async leaseList(reference: string): Promise<{ stored: StoredList; lease: Lease }> {
    const lease = await this.createLease(`read-${reference}`);
    try {
      for (;;) {
        const descriptor = await this.#findDescriptor(reference);
        const stored = await readStoredList(this.blobs, descriptor);
        const attached = await this.attachedTo([descriptor.digest, ...stored.images.map(({ digest }) => digest)]);
        const others = attached.flatMap(({ digest, config, layers }) => [
          digest,
          ...[config, ...layers].map((part) => part.digest),
        ]);
        await lease.hold(...blobsOf(stored).map(({ digest }) => digest), ...others);
        // the list may have been replaced or removed before its blobs were held
        if ((await this.#findDescriptor(reference)).digest === descriptor.digest) {
          return { stored: { ...stored, attached }, lease };
        }
      }
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async #readList(reference: string, descriptor: Descriptor): Promise<ManifestList> {
    return describeList(reference, descriptor, await readStoredList(this.blobs, descriptor));
  }

  async #findDescriptor(reference: string): Promise<Descriptor> {
    const descriptor = (await this.#readIndex()).manifests.find((entry) => refName(entry) === reference);
    if (!descriptor || !isIndexType(descriptor.mediaType)) {
      throw unknownImageFailure(reference);
    }
    return descriptor;
  }

  async #readIndex(): Promise<LayoutIndex> {
    const index = await readLayoutIndex(this.folder);
    if (!index) {
      throw missingIndexFailure(this.folder);
    }
    return index;
  }
}

function unknownImageFailure(reference: string, start = 'Check the name in the list of images, or build it.') {
  const parsed = parseReference(reference);
  const elsewhere = typeof parsed === 'object' && parsed.registry !== undefined;
  const fix = elsewhere
    ? `${start} Its registry is read by pull, and by commands that take docker://${reference}.`
    : start;
  return fail('image.unknown', `There is no image ${reference} in local storage.`, fix).offering({
    id: 'show-images',
  });
}
