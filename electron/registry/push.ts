import pLimit from 'p-limit';
import { type Digest, formatReference, type Reference } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import type { Descriptor, RawManifest } from '../images/manifest.ts';
import type { StoredImage } from '../images/stored-list.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import type { BlobSource } from './blob-source.ts';
import { RegistryClient } from './client.ts';
import type { CredentialSource } from './credential-source.ts';
import { type ProgressImage, ProgressTracker, type PushProgress } from './push-progress.ts';
import { pushReferrers } from './push-referrers.ts';
import { maxAttempts, type Wait } from './retry.ts';

export interface PushOptions {
  /** Must name a registry. */
  readonly destination: Reference;
  readonly list: RawManifest;
  readonly images: readonly StoredImage[];
  /** What describes the images: attestations, signatures. */
  readonly attachments: readonly StoredManifest[];
  readonly blobs: BlobSource;
  readonly credentials: CredentialSource;
  /** False: https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  readonly onProgress: (progress: PushProgress) => void;
  readonly signal: AbortSignal;
  /** Waits between attempts: a timer by default. */
  readonly wait?: Wait;
}

export interface PushResult {
  readonly digest: Digest;
  readonly uploadedBytes: number;
  readonly skippedBytes: number;
}

/** Blobs that are uploaded at the same time. More do not use the network better, and many registries limit requests. */
const concurrency = 5;

/**
 * Pushes a manifest list with all its images: every blob, then each image's manifest by its digest, then what describes
 * the images, and last the list by its tag, so that the tag never refers to an incomplete list. Content that the registry already has is not sent. At
 * the end, the tag is read back.
 *
 * A failed push may be repeated; blobs that were uploaded stay in the registry.
 * @throws Failure `reference.no-registry`, `registry.*`, `image.corrupt` if the image store is damaged, or `push.cancelled`
 *   if the signal aborts (or the signal's own failure).
 */
export async function pushList(options: PushOptions): Promise<PushResult> {
  try {
    options.signal.throwIfAborted();
    return await push(options);
  } catch (error) {
    throw options.signal.aborted ? cancellationOf(options) : error;
  }
}

async function push(options: PushOptions): Promise<PushResult> {
  const { destination, list, images, attachments, credentials, tlsVerify, signal, wait } = options;
  const { registry, repository, tag } = destination;
  if (registry === undefined) {
    throw fail(
      'reference.no-registry',
      `"${formatReference(destination)}" does not name a registry to push to.`,
      'Enter registry/repository:tag, such as registry.example.com/team/api:1.4 or docker.io/user/api:1.4.',
    );
  }
  for (const manifest of [list, ...images, ...attachments]) {
    assertDigest(manifest);
  }
  const client = await RegistryClient.open({
    registry,
    repository,
    access: 'push',
    credentials,
    tlsVerify,
    signal,
    wait,
  });
  try {
    const tracker = new ProgressTracker(images.map(toProgressImage), attachments.flatMap(blobsOf), options.onProgress);
    tracker.report();
    await uploadBlobs(client, tracker, options);
    await putManifests(client, images);
    await putManifests(client, attachments);
    await pushReferrers(client, attachments);
    await putListManifest(client, list, tag);
    const { uploadedBytes, skippedBytes } = tracker.progress();
    return { digest: list.digest, uploadedBytes, skippedBytes };
  } finally {
    await client.close();
  }
}

/** Uploads all blobs of all images. The largest blobs come first, so that the last uploads run in parallel. */
async function uploadBlobs(
  client: RegistryClient,
  tracker: ProgressTracker,
  { blobs, signal }: PushOptions,
): Promise<void> {
  const failure = new AbortController();
  const uploadSignal = AbortSignal.any([signal, failure.signal]);
  const limit = pLimit(concurrency);
  const uploads = tracker.blobs.map((blob) =>
    limit(async () => {
      uploadSignal.throwIfAborted();
      try {
        if (await client.hasBlob(blob.digest)) {
          tracker.setSkipped(blob);
          return;
        }
        const onSent = (bytes: number) => tracker.setSent(blob.digest, bytes);
        await client.uploadBlob({ digest: blob.digest, blobs, onSent, signal: uploadSignal });
        tracker.setUploaded(blob);
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    }),
  );
  // waits for all uploads, because cancelled uploads are still being deleted from the registry
  await Promise.allSettled(uploads);
  uploadSignal.throwIfAborted();
}

async function putManifests(client: RegistryClient, manifests: readonly RawManifest[]): Promise<void> {
  const distinct = new Map(manifests.map((manifest) => [manifest.digest, manifest])).values();
  const limit = pLimit(concurrency);
  await Promise.all(
    [...distinct].map((manifest) =>
      limit(async () => {
        if ((await client.getManifestDigest(manifest.digest)) !== manifest.digest) {
          await client.putManifest(manifest.digest, manifest);
        }
      }),
    ),
  );
}

async function putListManifest(client: RegistryClient, list: RawManifest, tag: string): Promise<void> {
  if ((await client.getManifestDigest(tag)) === list.digest) {
    return;
  }
  await client.putManifest(tag, list);
  // some registries show a new tag only after a moment
  for (let attempt = 1; ; attempt += 1) {
    const digest = await client.getManifestDigest(tag);
    if (digest === list.digest) {
      return;
    }
    if (attempt === maxAttempts) {
      throw fail(
        'registry.refused',
        digest === undefined
          ? `The list was pushed, but the tag ${tag} does not exist in the registry.`
          : `The list was pushed, but the tag ${tag} refers to ${digest} instead of ${list.digest}.`,
        'Another push may have replaced the tag. Otherwise push again.',
      );
    }
    await client.waitBeforeRetry(attempt);
  }
}

function toProgressImage(image: StoredImage): ProgressImage {
  return { platform: image.platform, digest: image.digest, blobs: blobsOf(image) };
}

function blobsOf({ config, layers }: StoredManifest): Descriptor[] {
  return [config, ...layers.filter((layer) => !isForeignLayer(layer))];
}

/**
 * Whether a layer must not be distributed (Windows base images). Engines download it from the URLs in the manifest.
 * Source: OCI image specification, "Non-Distributable Layers"; docker schema 2, `urls`.
 */
function isForeignLayer({ mediaType, urls }: Descriptor): boolean {
  return (
    (Array.isArray(urls) && urls.length > 0) ||
    mediaType.includes('.nondistributable.') ||
    mediaType.includes('.foreign.')
  );
}

function assertDigest(manifest: RawManifest): void {
  if (digestOf(manifest.bytes) !== manifest.digest) {
    throw fail(
      'image.corrupt',
      `The manifest ${manifest.digest} in the image store does not match its digest.`,
      'Build the image again, then push it.',
    );
  }
}

function cancellationOf({ destination, signal }: PushOptions): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail(
        'push.cancelled',
        `The push to ${formatReference(destination)} was cancelled.`,
        'Push again to continue: blobs that were uploaded are not sent again.',
      );
}
