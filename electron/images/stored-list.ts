import type { Digest, ListEntry, ManifestList } from '../../shared/image.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import type { BlobStore } from './blob-store.ts';
import { createdAnnotation } from './layout-index.ts';
import { type Descriptor, parseManifest, type RawManifest, sizeOfBlobs } from './manifest.ts';

/** One image of a stored list, with everything that a push of it needs. */
export interface StoredImage extends RawManifest {
  readonly platform: Platform;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A manifest list and its images, read from the blobs. */
export interface StoredList {
  readonly list: RawManifest;
  readonly images: readonly StoredImage[];
}

/**
 * Reads a manifest list and the manifests of its images.
 * @throws Failure `image.incomplete`, `image.corrupt`
 */
export async function readStoredList(
  blobs: BlobStore,
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
): Promise<StoredList> {
  const bytes = await blobs.readVerified(digest);
  const index = parseManifest(bytes, mediaType);
  const images: StoredImage[] = [];
  for (const entry of index.kind === 'index' ? index.manifests : []) {
    const { os = '', architecture = '', variant } = entry.platform ?? {};
    const platform = platformOf({ os, architecture, ...(variant ? { variant } : {}) });
    // a list of another tool may hold attestations, which have no platform
    if (!platform) {
      continue;
    }
    const imageBytes = await blobs.readVerified(entry.digest);
    const image = parseManifest(imageBytes, entry.mediaType);
    if (image.kind === 'image') {
      const { config, layers } = image;
      images.push({ platform, digest: entry.digest, mediaType: image.mediaType, bytes: imageBytes, config, layers });
    }
  }
  return { list: { digest, mediaType: index.mediaType, bytes }, images };
}

/** Describes a stored list for the front ends. */
export function describeList(reference: string, descriptor: Descriptor, { list, images }: StoredList): ManifestList {
  const entries = images.map(
    ({ platform, digest, mediaType, config, layers }): ListEntry => ({
      platform,
      digest,
      size: sizeOfBlobs([config, ...layers]),
      mediaType,
      layers: layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
    }),
  );
  return {
    reference,
    digest: list.digest,
    mediaType: list.mediaType,
    createdAt: descriptor.annotations?.[createdAnnotation] ?? new Date(0).toISOString(),
    entries,
  };
}

/** Every blob of a list once, with its size in bytes: layers and configurations, then manifests, then the list. */
export function blobsOf({ list, images }: StoredList): { digest: Digest; size: number }[] {
  const sizes = new Map<Digest, number>();
  for (const { layers, config } of images) {
    for (const { digest, size } of [...layers, config]) {
      sizes.set(digest, size);
    }
  }
  for (const { digest, bytes } of [...images, list]) {
    sizes.set(digest, bytes.length);
  }
  return [...sizes].map(([digest, size]) => ({ digest, size }));
}
