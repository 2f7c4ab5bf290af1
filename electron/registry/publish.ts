import pLimit from 'p-limit';
import { type Digest, formatReference, type Reference } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { digestOf, RegistryClient, type RemoteManifest } from './client.ts';
import type { CredentialSource } from './credentials.ts';
import { maxAttempts, type Wait } from './retry.ts';
import { type PublishProgress, Tally } from './tally.ts';
import type { BlobSource } from './upload.ts';

export type { PublishProgress } from './tally.ts';
export type { BlobSource } from './upload.ts';

/** One image of a list. `bytes` is its exact manifest. */
export interface PublishImage extends RemoteManifest {
  readonly platform: Platform;
  readonly config: { readonly digest: Digest; readonly size: number };
  readonly layers: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly mediaType?: string | undefined;
    readonly urls?: readonly string[] | undefined;
  }[];
}

export interface PublishOptions {
  /** Must name a registry. */
  readonly destination: Reference;
  readonly list: RemoteManifest;
  readonly images: readonly PublishImage[];
  readonly blobs: BlobSource;
  readonly credentials: CredentialSource;
  /** False: https without a look at the certificate, or else plain http. */
  readonly tlsVerify: boolean;
  readonly onProgress: (progress: PublishProgress) => void;
  readonly signal: AbortSignal;
  /** How to wait between attempts. */
  readonly wait?: Wait;
}

export interface Published {
  readonly digest: Digest;
  readonly uploadedBytes: number;
  readonly skippedBytes: number;
}

/** Blobs that travel at the same time: more do not make a line faster, and many registries count requests. */
const parallel = 5;

/**
 * Pushes a manifest list with all its images: every blob, then each image's manifest by its digest, then the list by its tag,
 * last, so that the tag never points at half of it. What the registry has is not sent again. Afterwards the tag is read back.
 *
 * Fails with `reference.no-registry`, `registry.*`, `image.corrupt` where local storage is damaged, and `push.cancelled` when
 * the signal aborts (or with the signal's own failure). A push that failed may be repeated; what arrived stays there.
 */
export async function publishList(options: PublishOptions): Promise<Published> {
  try {
    options.signal.throwIfAborted();
    return await publish(options);
  } catch (error) {
    throw options.signal.aborted ? cancellation(options) : error;
  }
}

async function publish(options: PublishOptions): Promise<Published> {
  const { destination, list, images, credentials, tlsVerify, signal, wait } = options;
  const { registry, repository, tag } = destination;
  if (registry === undefined) {
    throw fail(
      'reference.no-registry',
      `"${formatReference(destination)}" names no registry to push to.`,
      'Write registry/repository:tag, as in registry.example.com/team/api:1.4 or docker.io/user/api:1.4.',
    );
  }
  for (const manifest of [list, ...images]) {
    verify(manifest);
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
    const tally = new Tally(images.map(tallyImage), options.onProgress);
    tally.tell();
    await pushBlobs(client, tally, options);
    await pushImages(client, images);
    await pushList(client, list, tag);
    const { uploadedBytes, skippedBytes } = tally.progress();
    return { digest: list.digest, uploadedBytes, skippedBytes };
  } finally {
    await client.close();
  }
}

/** All blobs of all images, the large ones first so that none of them is left alone at the end. */
async function pushBlobs(client: RegistryClient, tally: Tally, { blobs, signal }: PublishOptions): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const limit = pLimit(parallel);
  const pushes = tally.blobs.map((blob) =>
    limit(async () => {
      either.throwIfAborted();
      try {
        if (await client.blobExists(blob.digest)) {
          tally.skipped(blob);
          return;
        }
        const onSent = (bytes: number) => tally.sent(blob.digest, bytes);
        await client.uploadBlob({ digest: blob.digest, blobs, onSent, signal: either });
        tally.arrived(blob);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  // waits for all of them: those that are stopped take their half blobs back first
  await Promise.allSettled(pushes);
  either.throwIfAborted();
}

async function pushImages(client: RegistryClient, images: readonly PublishImage[]): Promise<void> {
  const distinct = new Map(images.map((image) => [image.digest, image])).values();
  const limit = pLimit(parallel);
  await Promise.all(
    [...distinct].map((image) =>
      limit(async () => {
        if ((await client.manifestDigest(image.digest)) !== image.digest) {
          await client.putManifest(image.digest, image);
        }
      }),
    ),
  );
}

async function pushList(client: RegistryClient, list: RemoteManifest, tag: string): Promise<void> {
  if ((await client.manifestDigest(tag)) === list.digest) {
    return;
  }
  await client.putManifest(tag, list);
  // some registries take a moment until everybody sees what they stored
  for (let attempt = 1; ; attempt += 1) {
    const found = await client.manifestDigest(tag);
    if (found === list.digest) {
      return;
    }
    if (attempt === maxAttempts) {
      throw fail(
        'registry.refused',
        `The list was pushed, but the tag ${tag} points at ${found ?? 'nothing'} and not at ${list.digest}.`,
        'If nobody else pushed this tag just now, push again.',
      );
    }
    await client.pause(attempt);
  }
}

function tallyImage({ platform, digest, config, layers }: PublishImage) {
  return { platform, digest, blobs: [config, ...layers.filter((layer) => !isForeign(layer))] };
}

/**
 * A layer that may not be given on (Windows base images): everybody fetches it from where its manifest says.
 * Source: OCI image specification, "Non-Distributable Layers"; docker schema 2, `urls`.
 */
function isForeign({ mediaType = '', urls = [] }: PublishImage['layers'][number]): boolean {
  return urls.length > 0 || mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}

function verify(manifest: RemoteManifest): void {
  if (digestOf(manifest.bytes) !== manifest.digest) {
    throw fail(
      'image.corrupt',
      `The manifest ${manifest.digest} in local storage is not what its digest says.`,
      'Build the image again; then push.',
    );
  }
}

function cancellation({ destination, signal }: PublishOptions): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail(
        'push.cancelled',
        `The push to ${formatReference(destination)} was cancelled.`,
        'Push again to go on: blobs that have arrived are not sent again.',
      );
}
