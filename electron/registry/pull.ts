import pLimit from 'p-limit';
import { formatBytes } from '../../shared/format.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { RegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { type AttachedManifest, attachedDescriptor } from '../images/attached-manifests.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { assertNoUrls, type BlobSize, type Descriptor, type RawManifest } from '../images/manifest.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import { readDiskSpace } from '../system/disk-space.ts';
import type { BlobDownload } from './blob-download.ts';
import { type CopyContent, openSource } from './copy-source.ts';
import { blobsOf } from './push.ts';
import { ProgressTracker, type PushProgress } from './push-progress.ts';
import type { RegistryAccess } from './remote-image.ts';

export interface ImportOptions {
  /** Its name in local storage. */
  readonly reference: string;
  readonly store: ImageStore;
  /** Runs what changes the index of local storage. */
  readonly change?: <T>(work: () => Promise<T>) => Promise<T>;
  /** `uploadedBytes` are those that were downloaded. */
  readonly onProgress: (progress: PushProgress) => void;
  readonly signal: AbortSignal;
}

export interface PullOptions extends ImportOptions, RegistryAccess {
  readonly image: RegistryImage;
  /** Undefined: all that the list has. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Whether what describes the images in their registry comes, too. Default: true. */
  readonly attachments?: boolean | undefined;
}

export interface PullResult {
  readonly list: ManifestList;
  readonly downloadedBytes: number;
  /** Bytes of blobs that were in local storage. */
  readonly skippedBytes: number;
  readonly leftOut: number;
  /** What describes the image and came with it, except for entries of the list. */
  readonly attachments: number;
}

/** Blobs that are downloaded at the same time. */
const concurrency = 4;

/**
 * Brings an image from a registry into local storage, with all of its platforms or some: every blob that is not there, then the
 * list under its reference. All digests are checked, and an image appears only when it is complete. A list keeps its digest if all
 * of its platforms are pulled; a single image becomes a list of one.
 *
 * After a failure or a cancellation nothing stays, except for blobs that were complete, until garbage is collected.
 * @throws Failure `registry.*`, `image.unknown`, `image.platform`, `image.corrupt`, `image.too-large`, `disk.full`; the reason of
 *   the signal
 */
export async function pullImage({ image, attachments = true, ...options }: PullOptions): Promise<PullResult> {
  try {
    const source = await openSource({ kind: 'registry', ...image }, { ...options, attachments });
    try {
      return await storeContent(source.content, (download) => source.read(download), options);
    } finally {
      await source.close();
    }
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  }
}

type ReadBlob = (download: BlobDownload) => AsyncIterable<Buffer>;

/** Stores a list with all that it consists of in local storage. @throws Failure like {@link pullImage} */
export async function storeContent(content: CopyContent, read: ReadBlob, options: ImportOptions): Promise<PullResult> {
  const { reference, store, change = (work) => work(), onProgress, signal } = options;
  const { list, images, attachments, leftOut } = content;
  const attached = attachedEntries(content);
  for (const { digest, config, layers } of [...images, ...attachments]) {
    assertNoUrls([config, ...layers], digest);
  }
  const lease = await store.createLease(`pull-${reference}`);
  try {
    const tracker = new ProgressTracker(onProgress);
    await holdContent(content, { store, lease, tracker, read, signal });
    const stored = await change(() => store.commitList(reference, { list, images, attachments }, { signal, attached }));
    const { uploadedBytes: downloadedBytes, skippedBytes } = tracker.progress();
    return { list: stored, downloadedBytes, skippedBytes, leftOut, attachments: attached.length };
  } finally {
    await lease.release();
  }
}

/** Images and all that describes them. */
export function manifestsOf(content: CopyContent): readonly StoredManifest[] {
  const { images, attachments, attached, referrers, tagged } = content;
  return [...images, ...attachments, ...attached, ...referrers, ...tagged];
}

/** The entries of the layout's index for what describes the list and its images. */
function attachedEntries(content: CopyContent): Descriptor[] {
  return attachedOf(content).map(({ attached, mediaType, digest, bytes, artifactType }) =>
    attachedDescriptor({ mediaType, digest, size: bytes.length, ...(artifactType ? { artifactType } : {}) }, attached),
  );
}

/** What describes an image, and what it describes. */
export function attachedOf({ attached, referrers, tagged }: CopyContent): AttachedManifest[] {
  return [
    ...attached,
    ...referrers.flatMap((manifest): AttachedManifest[] =>
      manifest.subject ? [{ ...manifest, attached: { subject: manifest.subject.digest, role: 'attestations' } }] : [],
    ),
    ...tagged.map((manifest) => ({
      ...manifest,
      attached: { subject: manifest.subjectOfTag, role: manifest.role, tag: manifest.tag },
    })),
  ];
}

export interface Download {
  readonly store: ImageStore;
  readonly lease: Lease;
  readonly tracker: ProgressTracker;
  readonly read: ReadBlob;
  readonly signal: AbortSignal;
}

/** Brings all blobs of an image into local storage, where the lease holds them. @throws Failure like {@link pullImage} */
export async function holdContent(content: CopyContent, download: Download): Promise<void> {
  const { list, images } = content;
  const { store, lease, tracker } = download;
  const manifests = manifestsOf(content);
  tracker.setImages(images.map(({ platform, digest, ...rest }) => ({ platform, digest, blobs: blobsOf(rest) })));
  tracker.add(manifests.flatMap(blobsOf));
  tracker.report();
  const parts: readonly Pick<BlobSize, 'digest'>[] = [...tracker.blobs, ...manifests, list];
  await lease.hold(...parts.map(({ digest }) => digest));
  const missing: BlobSize[] = [];
  for (const blob of tracker.blobs) {
    if ((await store.blobs.size(blob.digest)) === blob.size) {
      tracker.setSkipped(blob);
    } else {
      missing.push(blob);
    }
  }
  await assertSpace(store.folder, missing);
  await downloadBlobs(missing, download);
  for (const manifest of manifests) {
    await putManifest(store, manifest);
  }
}

/** Brings blobs that a lease holds into local storage. @throws Failure like {@link pullImage} */
export async function fetchBlobs(
  store: ImageStore,
  blobs: readonly BlobSize[],
  read: ReadBlob,
  signal: AbortSignal,
): Promise<void> {
  await assertSpace(store.folder, blobs);
  await downloadBlobs(blobs, { store, read, signal, tracker: new ProgressTracker(() => {}) });
}

/** The largest blobs come first, so that the last ones arrive in parallel. The first failure ends the others. */
async function downloadBlobs(blobs: readonly BlobSize[], download: Omit<Download, 'lease'>): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([download.signal, failed.signal]);
  const limit = pLimit(concurrency);
  const sorted = [...blobs].sort((one, other) => other.size - one.size);
  await Promise.allSettled(
    sorted.map((blob) =>
      limit(async () => {
        try {
          signal.throwIfAborted();
          await downloadBlob(blob, { ...download, signal });
        } catch (error) {
          failed.abort(error);
        }
      }),
    ),
  );
  signal.throwIfAborted();
}

async function downloadBlob(blob: BlobSize, { store, tracker, read, signal }: Omit<Download, 'lease'>): Promise<void> {
  const writer = store.blobs.createWriter();
  try {
    for await (const chunk of read({ ...blob, signal })) {
      await writer.write(chunk);
      tracker.setSent(blob.digest, writer.bytes);
    }
    signal.throwIfAborted();
    await writer.finish(blob.digest);
    tracker.setUploaded(blob);
  } finally {
    await writer.abort();
  }
}

async function putManifest(store: ImageStore, { digest, bytes }: RawManifest): Promise<void> {
  if ((await store.blobs.size(digest)) !== bytes.length) {
    await store.blobs.put(bytes);
  }
}

/** @throws Failure `disk.full` */
async function assertSpace(folder: string, blobs: readonly BlobSize[]): Promise<void> {
  const space = await readDiskSpace(folder);
  const needed = blobs.reduce((sum, { size }) => sum + size, 0);
  if (space && space.free < needed) {
    throw fail(
      'disk.full',
      `The disk of ${folder} has only ${formatBytes(space.free)} free, and the image needs ${formatBytes(needed)}.`,
      'Free some space, for example by removing images that you no longer need, or pull fewer platforms.',
    ).offering({ id: 'show-images' });
  }
}
