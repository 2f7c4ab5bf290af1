/** Makes another compression of the layers of an image, with manifests and a list that have them. What is stored stays as it is. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import pLimit from 'p-limit';
import type { Digest } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { PushCompression } from '../../shared/push.ts';
import type { BlobStore } from '../images/blob-store.ts';
import { decompress } from '../images/decompress.ts';
import { digestOf, digestOfHash } from '../images/digest.ts';
import type { Lease } from '../images/lease.ts';
import { type Descriptor, mediaTypes, parseConfig, type RawManifest } from '../images/manifest.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import { fieldsOf } from '../system/lenient-json.ts';
import { compress } from './compressors.ts';
import type { PushContent } from './push.ts';

export interface RecompressOptions {
  readonly compression: PushCompression;
  readonly blobs: BlobStore;
  /** Holds the blobs that are made. They go when it is released. */
  readonly lease: Lease;
  /** Bytes of the layers as they are stored. */
  readonly onProgress: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void;
  readonly signal: AbortSignal;
}

const ociConfig = 'application/vnd.oci.image.config.v1+json';
const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar';
const ociLayer = 'application/vnd.oci.image.layer.v1.tar';

/** The media types of layers that are compressed anew, with the compression that they name. Others, such as those of Windows, stay. */
const layerTypes: Readonly<Record<string, 'gzip' | 'zstd' | 'none'>> = {
  [dockerLayer]: 'none',
  [`${dockerLayer}.gzip`]: 'gzip',
  [`${dockerLayer}.zstd`]: 'zstd',
  [ociLayer]: 'none',
  [`${ociLayer}+gzip`]: 'gzip',
  [`${ociLayer}+zstd`]: 'zstd',
};

/**
 * The content of a push with its layers in another compression. Each layer is made once and compared with what the image says it has.
 * Descriptions of the images are left out, since they are of images with other digests.
 * @throws Failure `image.corrupt`, `image.incomplete`, `disk.full`; the reason of the signal
 */
export async function recompress(
  stored: StoredList,
  options: RecompressOptions,
): Promise<PushContent & { readonly leftOut: number }> {
  const layers = await recompressLayers(stored, options);
  const images = stored.images.map((image) => rebuildImage(image, layers, options.compression));
  const changed = stored.images.some(({ digest }, index) => images[index]?.digest !== digest);
  if (!changed) {
    return { ...stored, leftOut: 0 };
  }
  return { list: rebuildList(stored, images), images, attachments: [], leftOut: stored.attachments.length };
}

/** The new descriptors of the layers that change, by their digests. */
async function recompressLayers(
  { images }: StoredList,
  { compression, blobs, lease, onProgress, signal }: RecompressOptions,
): Promise<ReadonlyMap<Digest, Descriptor>> {
  const wanted = new Map<Digest, { readonly layer: Descriptor; readonly diffId: string | undefined }>();
  for (const { config, layers } of images) {
    const diffIds = await readDiffIds(blobs, config.digest);
    for (const [index, layer] of layers.entries()) {
      const current = layerTypes[layer.mediaType];
      if (current !== undefined && (current !== compression.format || compression.force)) {
        wanted.set(layer.digest, { layer, diffId: diffIds[index] });
      }
    }
  }
  const totalBytes = [...wanted.values()].reduce((sum, { layer }) => sum + layer.size, 0);
  let doneBytes = 0;
  const made = new Map<Digest, Descriptor>();
  const limit = pLimit(2);
  const make = async ({ layer, diffId }: { layer: Descriptor; diffId: string | undefined }): Promise<void> => {
    signal.throwIfAborted();
    const writer = blobs.createWriter();
    const hash = createHash('sha256');
    const source = blobs.read(layer.digest);
    try {
      const plain = hashed(counted(source));
      await compress(plain, compression, async (compressed) => {
        for await (const chunk of compressed) {
          signal.throwIfAborted();
          await writer.write(chunk);
        }
      });
      const actual = digestOfHash(hash);
      if (diffId !== undefined && diffId !== actual) {
        throw damagedLayer(layer.digest, `Its files have the digest ${actual} instead of ${diffId}.`);
      }
      const { digest, bytes: size } = writer;
      await lease.hold(digest);
      await writer.finish(digest);
      made.set(layer.digest, { ...layer, digest, size });
    } catch (error) {
      await writer.abort();
      signal.throwIfAborted();
      throw error instanceof Failure
        ? error
        : damagedLayer(layer.digest, error instanceof Error ? error.message : undefined);
    } finally {
      source.destroy();
    }

    async function* counted(chunks: Readable): AsyncGenerator<Buffer> {
      for await (const chunk of chunks) {
        doneBytes += chunk.length;
        onProgress({ doneBytes, totalBytes });
        yield chunk;
      }
    }
    async function* hashed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of decompress(chunks)) {
        hash.update(chunk);
        yield chunk;
      }
    }
  };
  onProgress({ doneBytes, totalBytes });
  await Promise.all([...wanted.values()].map((layer) => limit(() => make(layer))));
  return made;
}

async function readDiffIds(blobs: BlobStore, config: Digest): Promise<readonly (string | undefined)[]> {
  const { rootfs } = parseConfig(await blobs.readVerified(config));
  const { diff_ids: diffIds } = fieldsOf(rootfs);
  return Array.isArray(diffIds) ? diffIds.map((id) => (typeof id === 'string' ? id : undefined)) : [];
}

/** The image with its new layers. zstd is only in OCI's format, so an image in docker's is converted. */
function rebuildImage(
  image: StoredImage,
  made: ReadonlyMap<Digest, Descriptor>,
  { format }: PushCompression,
): StoredImage {
  if (!image.layers.some(({ digest }) => made.has(digest))) {
    return image;
  }
  const isOci = format === 'zstd' || image.mediaType === mediaTypes.ociManifest;
  const document = fieldsOf(JSON.parse(image.bytes.toString('utf8')));
  const layers = image.layers.map((layer) => {
    const changed = made.get(layer.digest) ?? layer;
    const compression = made.has(layer.digest) ? format : layerTypes[layer.mediaType];
    return compression === undefined ? changed : { ...changed, mediaType: layerType(compression, isOci) };
  });
  const config = isOci ? { ...image.config, mediaType: ociConfig } : image.config;
  const mediaType = isOci ? mediaTypes.ociManifest : image.mediaType;
  const bytes = Buffer.from(JSON.stringify({ ...document, mediaType, config, layers }));
  return { ...image, mediaType, config, layers, bytes, digest: digestOf(bytes) };
}

function layerType(compression: 'gzip' | 'zstd' | 'none', isOci: boolean): string {
  if (isOci) {
    return compression === 'none' ? ociLayer : `${ociLayer}+${compression}`;
  }
  return compression === 'none' ? dockerLayer : `${dockerLayer}.${compression}`;
}

/** The list with the new images at the places of the old ones. */
function rebuildList({ list, images: before }: StoredList, images: readonly StoredImage[]): RawManifest {
  const document = fieldsOf(JSON.parse(list.bytes.toString('utf8')));
  const isDocker = images.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest);
  const mediaType = isDocker ? list.mediaType : mediaTypes.ociIndex;
  const entries = Array.isArray(document.manifests) ? document.manifests.map(fieldsOf) : [];
  const manifests = entries.flatMap((entry) => {
    const at = before.findIndex(({ digest }) => digest === entry.digest);
    const image = images[at];
    return image ? [{ ...entry, mediaType: image.mediaType, digest: image.digest, size: image.bytes.length }] : [];
  });
  const bytes = Buffer.from(JSON.stringify({ ...document, mediaType, manifests }));
  return { bytes, digest: digestOf(bytes), mediaType };
}

function damagedLayer(digest: Digest, detail: string | undefined): Failure {
  return fail(
    'image.corrupt',
    `The layer ${digest} in local storage is damaged.`,
    'Build the image again, then push it.',
    detail,
  );
}
