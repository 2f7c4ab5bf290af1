import type { Attachment, Digest, ListEntry, ManifestList } from '../../shared/image.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import type { AttachedManifest } from './attached-manifests.ts';
import { attachmentType, describes, isAttachment } from './attachments.ts';
import type { BlobStore } from './blob-store.ts';
import { createdAnnotation, markedPlatforms } from './layout-index.ts';
import {
  type Descriptor,
  isImageType,
  parseManifest,
  type RawManifest,
  type ReceivedImage,
  sizeOfBlobs,
} from './manifest.ts';
import { readStoredManifest, type StoredManifest } from './stored-manifest.ts';

/** One image of a stored list, with everything that a push of it needs. */
export interface StoredImage extends StoredManifest {
  readonly platform: Platform;
}

/** A manifest list with its images and their attachments, read from the blobs. */
export interface StoredList {
  readonly list: RawManifest;
  readonly images: readonly StoredImage[];
  readonly attachments: readonly StoredAttachment[];
  /** What describes the list or its images without being entries of the list. Missing where it was not asked for. */
  readonly attached?: readonly AttachedManifest[];
}

export interface StoredAttachment extends StoredManifest {
  /** Its entry in the list. */
  readonly descriptor: Descriptor;
}

/**
 * Reads a manifest list and the manifests of its images and attachments.
 * @throws Failure `image.incomplete`, `image.corrupt`
 */
export async function readStoredList(
  blobs: BlobStore,
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
): Promise<StoredList> {
  const bytes = await blobs.readVerified(digest);
  const index = parseManifest(bytes, mediaType);
  const images: StoredImage[] = [];
  const attachments: StoredAttachment[] = [];
  for (const entry of index.kind === 'index' ? index.manifests : []) {
    if (!isImageType(entry.mediaType)) {
      continue;
    }
    const manifest = await readStoredManifest(blobs, entry);
    const { os = '', architecture = '', variant } = entry.platform ?? {};
    const platform = platformOf({ os, architecture, ...(variant ? { variant } : {}) });
    if (isAttachment(entry) || !platform) {
      attachments.push({ ...manifest, descriptor: entry });
    } else {
      images.push({ ...manifest, platform });
    }
  }
  return { list: { digest, mediaType: index.mediaType, bytes }, images, attachments };
}

/** Describes a stored list for the front ends. */
export function describeList(
  reference: string,
  descriptor: Descriptor,
  { list, images, attachments }: StoredList,
): ManifestList {
  const entries = images.map(({ platform, digest, mediaType, config, layers }): ListEntry => {
    const own = attachments.filter(({ descriptor, subject }) => describes(descriptor, subject, digest));
    return {
      platform,
      digest,
      size: sizeOfBlobs([config, ...layers]),
      mediaType,
      layers: layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
      ...(own.length === 0 ? {} : { attachments: own.map(describeAttachment) }),
    };
  });
  const missing = markedPlatforms(descriptor, 'missing');
  const optional = markedPlatforms(descriptor, 'optional');
  const mismatched = markedPlatforms(descriptor, 'mismatched');
  return {
    reference,
    digest: list.digest,
    mediaType: list.mediaType,
    ...(missing.length === 0 ? {} : { missing }),
    ...(optional.length === 0 ? {} : { optional }),
    ...(mismatched.length === 0 ? {} : { mismatched }),
    createdAt: descriptor.annotations?.[createdAnnotation] ?? new Date(0).toISOString(),
    entries,
  };
}

function describeAttachment({ descriptor, digest, bytes, config, layers }: StoredAttachment): Attachment {
  const size = bytes.length + sizeOfBlobs([config, ...layers]);
  return { digest, type: attachmentType(descriptor, config.mediaType), size };
}

/**
 * All that a push of images needs whose blobs are held.
 * @throws Failure `image.incomplete`, `image.corrupt`
 */
export async function readImages(
  blobs: BlobStore,
  received: readonly ReceivedImage[],
): Promise<Pick<StoredList, 'images' | 'attachments'>> {
  const images = received.map(async (image) => ({
    ...(await readStoredManifest(blobs, image)),
    platform: image.platform,
  }));
  const attachments = new Map(received.flatMap((image) => image.attachments).map((each) => [each.digest, each]));
  const described = [...attachments.values()].map(async (descriptor) => ({
    ...(await readStoredManifest(blobs, descriptor)),
    descriptor,
  }));
  return { images: await Promise.all(images), attachments: await Promise.all(described) };
}

/** The images of a stored list, to be joined in another one. */
export function receivedImages({ images, attachments }: StoredList): ReceivedImage[] {
  return images.map(({ platform, digest, mediaType, bytes, config, layers }) => ({
    platform,
    digest,
    mediaType,
    manifestSize: bytes.length,
    config,
    layers,
    size: sizeOfBlobs([config, ...layers]),
    attachments: attachments
      .filter(({ descriptor, subject }) => describes(descriptor, subject, digest))
      .map(({ descriptor }) => descriptor),
  }));
}

/** Every blob of a list once, with its size in bytes: layers and configurations, then manifests, then the list. */
export function blobsOf({ list, images, attachments }: StoredList): { digest: Digest; size: number }[] {
  const sizes = new Map<Digest, number>();
  const manifests = [...images, ...attachments];
  for (const { layers, config } of manifests) {
    for (const { digest, size } of [...layers, config]) {
      sizes.set(digest, size);
    }
  }
  for (const { digest, bytes } of [...manifests, list]) {
    sizes.set(digest, bytes.length);
  }
  return [...sizes].map(([digest, size]) => ({ digest, size }));
}
