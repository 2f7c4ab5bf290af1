import type { Platform } from '../../shared/platform.ts';
import type { BlobStore } from './blob-store.ts';
import { digestOf } from './digest.ts';
import type { Lease } from './lease.ts';
import { parseConfig, parseManifest, type ReceivedImage, sizeOfBlobs } from './manifest.ts';
import { assertPlatform, selectImage } from './platform-match.ts';

/**
 * Adds an image's manifest to the store. All blobs of the image must be there, and its configuration must name the
 * platform. The lease holds the manifest and the blobs.
 * @param bytes the manifest, or an index with exactly one image of the platform. Attestations in it are ignored.
 * @throws Failure `image.incomplete` if blobs are missing, `image.platform`, `image.corrupt`
 */
export async function addImage(
  blobs: BlobStore,
  lease: Lease,
  bytes: Uint8Array,
  platform: Platform,
  mediaType?: string,
): Promise<ReceivedImage> {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === 'index') {
    const selected = await selectImage(blobs, manifest.manifests, platform);
    await lease.hold(selected.digest);
    return addImage(blobs, lease, await blobs.readVerified(selected.digest), platform, selected.mediaType);
  }
  const digest = digestOf(bytes);
  const { config, layers } = manifest;
  const parts = [config, ...layers];
  await lease.hold(digest, ...parts.map((part) => part.digest));
  await blobs.assertPresent(parts, `The image ${digest}`);
  assertPlatform(parseConfig(await blobs.readVerified(config.digest)), platform);
  await blobs.put(bytes);
  return {
    platform,
    digest,
    mediaType: manifest.mediaType,
    manifestSize: bytes.byteLength,
    config,
    layers,
    size: sizeOfBlobs(parts),
  };
}
