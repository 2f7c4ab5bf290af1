import { addAttachments } from './attachments.ts';
import type { BlobStore } from './blob-store.ts';
import { digestOf } from './digest.ts';
import type { Lease } from './lease.ts';
import {
  assertNoUrls,
  type Descriptor,
  parseConfig,
  parseManifest,
  type ReceivedImage,
  sizeOfBlobs,
} from './manifest.ts';
import { assertPlatform, selectImage, type WantedPlatform } from './platform-match.ts';

export interface AddImageOptions extends WantedPlatform {
  readonly mediaType?: string | undefined;
  /** Manifests that may describe the image, in addition to those of its index. */
  readonly attachments?: readonly Descriptor[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Adds an image's manifest to the store. All blobs of the image must be there, and its configuration must name the
 * platform. The lease holds the manifest, the blobs, and the attachments.
 * @param bytes the manifest, or an index with exactly one image of the platform and its attachments.
 * @throws Failure `image.incomplete` if blobs are missing, `image.platform`, `image.corrupt`, `image.too-large`; the
 *   reason of the signal
 */
export async function addImage(
  blobs: BlobStore,
  lease: Lease,
  bytes: Uint8Array,
  { mediaType, attachments = [], signal, ...wanted }: AddImageOptions,
): Promise<ReceivedImage> {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === 'index') {
    const selected = await selectImage(blobs, manifest.manifests, wanted, signal);
    const { digest } = selected.image;
    await lease.hold(digest);
    return addImage(blobs, lease, await blobs.readVerified(digest), {
      ...wanted,
      mediaType: selected.image.mediaType,
      attachments: [...selected.attachments, ...attachments],
      signal,
    });
  }
  const digest = digestOf(bytes);
  const { config, layers } = manifest;
  const parts = [config, ...layers];
  assertNoUrls(parts, digest);
  await lease.hold(digest, ...parts.map((part) => part.digest));
  await blobs.assertPresent(parts, `The image ${digest}`);
  assertPlatform(parseConfig(await blobs.readVerified(config.digest)), wanted);
  await blobs.put(bytes);
  return {
    platform: wanted.platform,
    digest,
    mediaType: manifest.mediaType,
    manifestSize: bytes.byteLength,
    config,
    layers,
    size: sizeOfBlobs(parts),
    attachments: await addAttachments(blobs, lease, digest, attachments, signal),
  };
}
