import pLimit from 'p-limit';
import { type Digest, formatReference, type Reference } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { AttachedManifest } from '../images/attached-manifests.ts';
import { digestOf } from '../images/digest.ts';
import type { BlobSize, Descriptor, RawManifest, ReceivedImage } from '../images/manifest.ts';
import type { StoredImage } from '../images/stored-list.ts';
import type { StoredManifest } from '../images/stored-manifest.ts';
import { abortable } from '../system/abortable.ts';
import type { KnownLocations } from './blob-locations.ts';
import type { BlobSource } from './blob-source.ts';
import { RegistryClient } from './client.ts';
import type { CredentialSource } from './credential-source.ts';
import { DirectPush } from './direct-push.ts';
import { pushAttached } from './push-attached.ts';
import { type ProgressImage, ProgressTracker, type PushProgress } from './push-progress.ts';
import { pushReferrers } from './push-referrers.ts';
import { mergeTag } from './remote-lists.ts';
import { maxAttempts, type Wait } from './retry.ts';

/** Where a push goes, and from where its blobs come. */
export interface PushTarget {
  /** Must name a registry. */
  readonly destination: Reference;
  readonly blobs: BlobSource;
  readonly credentials: CredentialSource;
  /** False: https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  /** Whether nodes push their images themselves. */
  readonly direct?: boolean | undefined;
  /** Where else in the registry blobs of the push may be. Without it: nowhere. */
  readonly locations?: KnownLocations | undefined;
  /** Whether the images are added to the list that the tag leads to, see {@link mergeTag}. */
  readonly merge?: boolean | undefined;
  /** Called when everything is in the registry but the tag, which is set when it resolves. */
  readonly beforeTag?: (() => Promise<void>) | undefined;
  readonly onProgress: (progress: PushProgress) => void;
  readonly signal: AbortSignal;
  /** Waits between attempts: a timer by default. */
  readonly wait?: Wait | undefined;
}

/** A manifest list with everything that it refers to. */
export interface PushContent {
  readonly list: RawManifest;
  readonly images: readonly StoredImage[];
  /** What describes the images: attestations, signatures. */
  readonly attachments: readonly StoredManifest[];
  /** What describes the list or its images without being entries of the list: attestations, signatures. */
  readonly attached?: readonly AttachedManifest[];
  /** The images of the list that nodes have pushed. */
  readonly pushed?: readonly ReceivedImage[];
  /** Attachments that have tags of their own. */
  readonly tagged?: readonly (RawManifest & { readonly tag: string })[];
}

export interface PushOptions extends PushTarget, PushContent {}

export interface PushResult {
  readonly digest: Digest;
  readonly uploadedBytes: number;
  readonly skippedBytes: number;
  /** After a merge: the platforms that were there and stay. */
  readonly kept?: Platform[] | undefined;
  /** Whether somebody else has changed the tag during a merge. */
  readonly hasRaced?: boolean | undefined;
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
  const push = new ListPush(options);
  try {
    return await push.finish(options);
  } finally {
    await push.close();
  }
}

/**
 * The push of a list whose blobs may still be arriving in the image store: {@link add} uploads those that are there,
 * {@link finish} the rest, and all manifests. To be closed in any case.
 */
export class ListPush {
  readonly #target: PushTarget;
  readonly #tracker: ProgressTracker;
  readonly #limit = pLimit(concurrency);
  readonly #uploads = new Map<Digest, Promise<void>>();
  /** The blobs that the repository did not have. */
  readonly #added = new Set<Digest>();
  /** What manifests, by digest or tag, were before it was their turn. */
  readonly #asked = new Map<string, ReturnType<RegistryClient['getManifestDigest']>>();
  readonly #failure = new AbortController();
  readonly #signal: AbortSignal;
  #client: Promise<RegistryClient> | undefined;
  /** What nodes push themselves. */
  readonly direct: DirectPush | undefined;

  constructor(target: PushTarget) {
    this.#target = target;
    this.direct = target.direct ? new DirectPush({ ...target, client: () => this.#open() }) : undefined;
    this.#signal = AbortSignal.any([target.signal, this.#failure.signal]);
    this.#tracker = new ProgressTracker(target.onProgress);
  }

  /** Aborts with the first error, also while the other blobs are still arriving. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Looks for the registry before it is known what is pushed. {@link finish} reports a failure. */
  open(): void {
    this.#open().catch(() => undefined);
  }

  /** Signs in to the registry before anything is there to be pushed. */
  connect(): void {
    this.#open()
      .then((client) => client.signIn())
      .then(() => this.direct?.prepare())
      .catch((error: unknown) => this.#failure.abort(error));
  }

  /** An image that a node has pushed counts as a part of the push that is done. */
  addPushed(image: ReceivedImage): void {
    const blobs = blobsOf(image);
    this.#tracker.add(blobs);
    for (const blob of blobs.filter(({ digest }) => !this.#uploads.has(digest))) {
      this.#uploads.set(blob.digest, Promise.resolve());
      this.#target.locations?.add(blob.digest);
      this.#tracker.setSkipped(blob);
    }
  }

  /** Uploads blobs that are in local storage. */
  add(blobs: readonly BlobSize[]): void {
    this.#tracker.add(blobs);
    this.#upload(blobs);
  }

  /** @throws Failure like {@link pushList} */
  async finish(content: PushContent): Promise<PushResult> {
    const { list, images, attachments, attached = [], pushed = [], tagged = [] } = content;
    const { destination, locations, merge, beforeTag, signal } = this.#target;
    try {
      this.#signal.throwIfAborted();
      for (const manifest of [list, ...images, ...attachments]) {
        assertDigest(manifest);
      }
      this.#tracker.setImages([...images, ...pushed].map(toProgressImage));
      this.#tracker.add(attachments.flatMap(blobsOf));
      this.#tracker.report();
      const client = await this.#open();
      // all at once, so that one token does for all
      client.alsoRead(this.#tracker.blobs.flatMap(({ digest }) => locations?.of(digest) ?? []));
      this.#upload(this.#tracker.blobs);
      if (this.#added.size === 0 && this.#tracker.blobs.every(({ digest }) => locations?.has(digest))) {
        this.#askEarly(client, [...[...images, ...attachments].map(({ digest }) => digest), destination.tag]);
      }
      await this.#uploaded();
      await this.direct?.removeTags();
      const isNew = ({ config, layers }: StoredManifest): boolean =>
        [config, ...layers].some(({ digest }) => this.#added.has(digest));
      const saved = locations?.save();
      const there = [...images.filter((image) => !isNew(image)), ...(this.direct?.manifests ?? [])];
      const put = await Promise.all([putManifests(client, images.filter(isNew)), this.#putMissing(client, there)]);
      await this.#putMissing(client, attachments);
      await pushReferrers(client, attachments);
      // after a merge, the list has another digest
      const described = attached.filter((each) => !merge || each.attached.subject !== list.digest);
      await pushAttached(client, this.#target.blobs, described, this.#signal);
      for (const { tag, ...manifest } of tagged) {
        await client.putManifest(tag, manifest);
      }
      await abortable(this.#signal, Promise.resolve(beforeTag?.()));
      const merged = merge ? await mergeTag(client, { registry: '', ...destination }, list) : undefined;
      if (!merged) {
        const isThere = !put.some(Boolean) && (await this.#digestAt(client, destination.tag)) === list.digest;
        if (!isThere) {
          await putListManifest(client, list, destination.tag);
        }
      }
      await saved;
      const { uploadedBytes, skippedBytes } = this.#tracker.progress();
      const { kept, hasRaced } = merged ?? {};
      return { digest: (merged?.list ?? list).digest, uploadedBytes, skippedBytes, kept, hasRaced };
    } catch (error) {
      this.#failure.abort(error);
      throw signal.aborted ? cancellationOf(this.#target) : error;
    }
  }

  /** Stops what still runs. */
  async close(): Promise<void> {
    this.#failure.abort(new Error('the push has ended'));
    // cancelled uploads are still being deleted from the registry
    await Promise.allSettled(this.#uploads.values());
    await this.direct?.removeTags();
    const client = await this.#client?.catch(() => undefined);
    await Promise.all([client?.close(), this.#target.locations?.save()]);
  }

  #open(): Promise<RegistryClient> {
    this.#client ??= openClient(this.#target, this.#signal);
    return this.#client;
  }

  /** The largest blobs come first, so that the last uploads run in parallel. */
  #upload(blobs: readonly BlobSize[]): void {
    const missing = blobs.filter(({ digest }) => !this.#uploads.has(digest)).sort((a, b) => b.size - a.size);
    for (const blob of missing) {
      const upload = this.#limit(() => this.#uploadBlob(blob));
      this.#uploads.set(blob.digest, upload);
      upload.catch((error: unknown) => this.#failure.abort(error));
    }
  }

  async #uploadBlob(blob: BlobSize): Promise<void> {
    const { blobs, locations } = this.#target;
    const { digest } = blob;
    const signal = this.#signal;
    signal.throwIfAborted();
    const client = await this.#open();
    const mountFrom = locations?.of(digest) ?? [];
    // a mount answers at once; without one, or where the blob was last time, the registry may have it
    const isAskedFirst = mountFrom.length === 0 || locations?.has(digest) === true;
    if (isAskedFirst && (await client.hasBlob(digest))) {
      this.#tracker.setSkipped(blob);
    } else {
      this.#added.add(digest);
      const onSent = (bytes: number) => this.#tracker.setSent(digest, bytes);
      client.alsoRead(mountFrom);
      const onNotThere = (repository: string) => locations?.remove(digest, repository);
      if (await client.uploadBlob({ digest, blobs, mountFrom, isAskedFirst, onNotThere, onSent, signal })) {
        this.#tracker.setSkipped(blob);
      } else {
        this.#tracker.setUploaded(blob);
      }
    }
    locations?.add(digest);
  }

  /** Asks for manifests before it is their turn, because a push that is repeated finds all of them. */
  #askEarly(client: RegistryClient, references: readonly string[]): void {
    for (const reference of references) {
      const asked = this.#limit(() => client.getManifestDigest(reference));
      asked.catch(() => undefined);
      this.#asked.set(reference, asked);
    }
  }

  #digestAt(client: RegistryClient, reference: string): ReturnType<RegistryClient['getManifestDigest']> {
    return this.#asked.get(reference) ?? client.getManifestDigest(reference);
  }

  /** Puts the manifests that the repository does not have. @returns whether it did not have one */
  async #putMissing(client: RegistryClient, manifests: readonly RawManifest[]): Promise<boolean> {
    const limit = pLimit(concurrency);
    const missing = await Promise.all(
      manifests.map((manifest) =>
        limit(async () => ((await this.#digestAt(client, manifest.digest)) === manifest.digest ? [] : [manifest])),
      ),
    );
    return putManifests(client, missing.flat());
  }

  async #uploaded(): Promise<void> {
    // waits for all uploads, because cancelled uploads are still being deleted from the registry
    await Promise.allSettled(this.#uploads.values());
    this.#signal.throwIfAborted();
  }
}

async function openClient(target: PushTarget, signal: AbortSignal): Promise<RegistryClient> {
  const { destination, credentials, tlsVerify, wait } = target;
  const { registry, repository } = destination;
  if (registry === undefined) {
    throw fail(
      'reference.no-registry',
      `"${formatReference(destination)}" does not name a registry to push to.`,
      'Enter registry/repository:tag, such as registry.example.com/team/api:1.4 or docker.io/user/api:1.4.',
    );
  }
  signal.throwIfAborted();
  return RegistryClient.open({ registry, repository, access: 'push', credentials, tlsVerify, signal, wait });
}

/** @returns whether there is any */
async function putManifests(client: RegistryClient, manifests: readonly RawManifest[]): Promise<boolean> {
  const distinct = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  const limit = pLimit(concurrency);
  await Promise.all([...distinct].map(([digest, manifest]) => limit(() => client.putManifest(digest, manifest))));
  return distinct.size > 0;
}

async function putListManifest(client: RegistryClient, list: RawManifest, tag: string): Promise<void> {
  await client.putManifest(tag, list);
  // some registries show a new tag only after a moment
  for (let attempt = 1; ; attempt += 1) {
    const digest = await client.getManifestDigest(tag);
    // without permission to read, the answer to the upload has to do
    if (digest === list.digest || digest === 'unreadable') {
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

function toProgressImage(image: Pick<StoredImage, 'platform' | 'digest' | 'config' | 'layers'>): ProgressImage {
  return { platform: image.platform, digest: image.digest, blobs: blobsOf(image) };
}

/** The blobs of an image or an attachment that a push uploads. */
export function blobsOf({ config, layers }: Pick<StoredManifest, 'config' | 'layers'>): Descriptor[] {
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
      `The manifest ${manifest.digest} in local storage does not match its digest.`,
      'Build the image again, then push it.',
    );
  }
}

function cancellationOf({ destination, signal }: PushTarget): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail(
        'push.cancelled',
        `The push to ${formatReference(destination)} was cancelled.`,
        'Push again to continue: blobs that were uploaded are not sent again.',
      );
}
