import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { formatList } from '../../shared/format.ts';
import type { Digest } from '../../shared/image.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { type BlobStore, corruptBlobFailure } from './blob-store.ts';
import { digestOfHash } from './digest.ts';
import type { ExportBlob, ExportContent, ExportOptions } from './export-types.ts';
import { sizeOfBlobs } from './manifest.ts';
import { createManifestList } from './manifest-list.ts';
import { receivedImages, type StoredImage, type StoredList } from './stored-list.ts';

/**
 * The part of a list that an export has. All platforms: the list as it is. Several: a list of these with their attachments. One that
 * was asked for: only its image, as skopeo copies it.
 * @param platforms without them: all
 * @throws Failure `image.platform` if the list does not have one
 */
export function contentOf(
  stored: StoredList,
  reference: string,
  platforms: readonly Platform[] | undefined,
): ExportContent {
  const images = platforms?.map((platform) => imageFor(stored, reference, platform)) ?? stored.images;
  const isAll = images.length === stored.images.length;
  if (platforms?.length === 1 && images[0]) {
    return contentOfImage(images[0]);
  }
  const received = receivedImages(stored).filter(({ digest }) => images.some((image) => image.digest === digest));
  const list = isAll ? stored.list : createManifestList(received);
  const described = new Set(received.flatMap(({ attachments }) => attachments.map(({ digest }) => digest)));
  const attachments = stored.attachments.filter(({ digest }) => isAll || described.has(digest));
  const root = { mediaType: list.mediaType, digest: list.digest, size: list.bytes.length };
  return contentWith(root, images, attachments, list);
}

/** @throws Failure `image.platform` */
export function imageFor(stored: Pick<StoredList, 'images'>, reference: string, platform: Platform): StoredImage {
  const image = stored.images.find((each) => each.platform === platform);
  if (!image) {
    const has = formatList(stored.images.map((each) => each.platform));
    throw fail('image.platform', `${reference} has no image for ${platform}.`, `It has ${has}.`);
  }
  return image;
}

/** The only image that an output with room for one gets: that of the platform, of this computer, or the only one there is. */
export function onlyImage(
  stored: Pick<StoredList, 'images'>,
  reference: string,
  platform: Platform | undefined,
): StoredImage {
  if (platform) {
    return imageFor(stored, reference, platform);
  }
  const own = localPlatform();
  const image =
    stored.images.length === 1 ? stored.images[0] : stored.images.find((each) => own && each.platform === own);
  if (!image) {
    const platforms = stored.images.map((each) => each.platform);
    throw fail(
      'image.platform',
      `${reference} has images for ${formatList(platforms)}, and this output has room for one that runs on this computer.`,
      `Choose one, such as ${platforms[0]}, or write one file for each.`,
    );
  }
  return image;
}

/** That of programs in Linux containers on this computer. */
function localPlatform(): Platform | undefined {
  return parsePlatform(process.arch === 'ia32' ? 'linux/386' : `linux/${process.arch}`);
}

export function contentOfImage(image: StoredImage): ExportContent {
  const { mediaType, digest, bytes } = image;
  return contentWith({ mediaType, digest, size: bytes.length }, [image], []);
}

function contentWith(
  root: ExportContent['root'],
  images: readonly StoredImage[],
  attachments: StoredList['attachments'],
  list?: StoredList['list'],
): ExportContent {
  const manifests = [...images, ...attachments, ...(list ? [list] : [])];
  const blobs = new Map<Digest, ExportBlob>();
  for (const { layers, config } of [...images, ...attachments]) {
    for (const { digest, size } of [...layers, config]) {
      blobs.set(digest, { digest, size });
    }
  }
  for (const { digest, bytes } of manifests) {
    blobs.set(digest, { digest, size: bytes.length, bytes });
  }
  return { root, images, attachments, manifests, blobs: [...blobs.values()] };
}

export function totalBytes({ blobs }: Pick<ExportContent, 'blobs'>): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

/** The bytes of the layers of images, each once. */
export function layerBytes(images: readonly StoredImage[]): number {
  return sizeOfBlobs(images.flatMap(({ layers }) => layers));
}

/** The bytes of a blob. The caller compares them with its digest. */
export async function* readBlob(
  store: BlobStore,
  { digest, bytes }: ExportBlob,
  { signal, onBytes }: ExportOptions,
): AsyncGenerator<Buffer> {
  for await (const chunk of bytes ? [bytes] : store.read(digest)) {
    signal?.throwIfAborted();
    onBytes?.(chunk.length);
    yield chunk;
  }
}

/** The bytes of a blob. The stream fails with `image.corrupt` at its end if they have another digest. */
export function openBlob(store: BlobStore, blob: ExportBlob, options: ExportOptions): Readable {
  return Readable.from(verified(readBlob(store, blob, options), blob.digest), { objectMode: false });
}

async function* verified(source: AsyncIterable<Buffer>, digest: Digest): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = digestOfHash(hash);
  if (digest !== actual) {
    throw corruptBlobFailure(digest, `Its bytes have the digest ${actual}.`);
  }
}
