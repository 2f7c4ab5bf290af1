import type { Readable } from 'node:stream';
import type { ImageFormat } from '../../shared/build-options.ts';
import { type Digest, isDigest } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { addImage } from './add-image.ts';
import { DockerArchive, readSmall } from './docker-archive.ts';
import type { ImageStore } from './image-store.ts';
import { type CompressedBlob, importBlob } from './import-blob.ts';
import { parseLayoutIndex } from './layout-index.ts';
import type { Lease } from './lease.ts';
import { type BlobSize, type Descriptor, parseManifest, type ReceivedImage } from './manifest.ts';
import { selectImage, type WantedPlatform } from './platform-match.ts';
import { readTar, TarError } from './tar-reader.ts';

/** The default limit of one archive, which may hold uncompressed layers: 64 GiB. */
const defaultMaxBytes = 64 * 1024 ** 3;

const minLayerBytes = 64 * 1024;

export interface ImportOptions extends WantedPlatform {
  /** Holds all blobs of the image. */
  readonly lease: Lease;
  /** Called with the size of each piece of the archive that arrives. */
  readonly onBytes: (count: number) => void;
  /** Called with each large blob of the image, when it is in the store. */
  readonly onBlob?: (blob: BlobSize) => void;
  /** Of the manifest, for an archive without one. Default: OCI. */
  readonly format?: ImageFormat;
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/**
 * Imports the image of a platform from an archive that an engine exports: an OCI archive (podman), a docker-archive that is
 * also an OCI layout (docker 25 and newer), or one that is not. Reads the stream once, with its entries in any order.
 *
 * Compressed layers keep their bytes. Uncompressed layers (docker) are compressed during the import, because registries
 * get stored blobs as they are. The manifest is rewritten for them; the configuration stays the same. Attachments of a
 * rewritten image are left out, because they describe another digest.
 *
 * The stream is destroyed at the end.
 * @throws Failure `image.corrupt`, `image.incomplete`, `image.platform`, `image.too-large`, `disk.full`,
 *   `engine.unsupported` for an archive without an image; or the error of the stream.
 */
export async function importArchive(
  store: ImageStore,
  stream: Readable,
  options: ImportOptions,
): Promise<ReceivedImage> {
  const { platform, anyVariant = false, lease, onBlob, format = 'oci', signal } = options;
  const wanted = { platform, anyVariant };
  let streamError: Error | undefined;
  stream.once('error', (error) => {
    streamError ??= error;
  });
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const compressedBlobs = new Map<Digest, CompressedBlob>();
    const dockerArchive = new DockerArchive(store, lease);
    let index: string | undefined;
    for await (const entry of readTar(countBytes(stream, options))) {
      const name = entry.name.replace(/^\.\//, '');
      const { type, size, linkname } = entry;
      const digest = `sha256:${/^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1] ?? ''}`;
      if (type === 'file' && isDigest(digest)) {
        const compressed = await importBlob(store, lease, entry.content(), digest);
        if (compressed) {
          compressedBlobs.set(digest, compressed);
        }
        // what is small may be a manifest, and need not come early
        if (compressed || size > minLayerBytes) {
          onBlob?.(compressed ?? { digest, size });
        }
      } else if (type === 'file' && name === 'index.json') {
        index = (await readSmall(entry.content(), name)).toString('utf8');
      } else {
        const layer = await dockerArchive.read({ name, type, linkname, content: entry.content() });
        if (layer) {
          onBlob?.(layer);
        }
      }
    }
    if (index === undefined) {
      const manifest = await dockerArchive.finish(format);
      if (!manifest) {
        throw fail(
          'engine.unsupported',
          'The engine exported the image in a format that Barnraiser does not know.',
          'Update the engine on the node.',
        );
      }
      return await addImage(store.blobs, lease, manifest, { ...wanted, signal });
    }
    const { manifests } = parseLayoutIndex(index, "The archive's index.json");
    const { image, attachments } = await selectImage(store.blobs, manifests, wanted, signal);
    const bytes = replaceLayers(await store.blobs.readVerified(image.digest), image, compressedBlobs);
    return await addImage(store.blobs, lease, bytes, { ...wanted, mediaType: image.mediaType, attachments, signal });
  } catch (error) {
    throw importFailure(error, streamError, signal);
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

async function* countBytes(
  source: AsyncIterable<Buffer>,
  { maxBytes = defaultMaxBytes, onBytes }: ImportOptions,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw fail(
        'image.too-large',
        `The exported image is larger than the limit of ${maxBytes} bytes.`,
        'Make the image smaller: remove files that it does not need.',
      );
    }
    onBytes(chunk.length);
    yield chunk;
  }
}

/** The manifest with the compressed blobs instead of the uncompressed layers. */
export function replaceLayers(
  bytes: Buffer,
  { mediaType }: Descriptor,
  compressedBlobs: ReadonlyMap<Digest, CompressedBlob>,
): Buffer {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind !== 'image' || !manifest.layers.some(({ digest }) => compressedBlobs.has(digest))) {
    return bytes;
  }
  const layers = manifest.layers.map((layer) => {
    const compressed = compressedBlobs.get(layer.digest);
    return compressed ? { ...layer, ...compressed, mediaType: compressedMediaType(layer.mediaType) } : layer;
  });
  return Buffer.from(JSON.stringify({ ...manifest.document, mediaType: manifest.mediaType, layers }));
}

/** OCI writes `….tar+gzip`, Docker `….tar.gzip`. */
function compressedMediaType(mediaType: string): string {
  if (!mediaType.endsWith('.tar')) {
    return mediaType;
  }
  return mediaType.startsWith('application/vnd.docker.') ? `${mediaType}.gzip` : `${mediaType}+gzip`;
}

function importFailure(error: unknown, streamError: Error | undefined, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason;
  }
  if (error instanceof Failure || (streamError && !(error instanceof TarError))) {
    return error;
  }
  return fail(
    'image.corrupt',
    'The archive that the engine exported is damaged or ends too early.',
    'Build again: the image will be exported again.',
    error instanceof Error ? error.message : String(error),
    error,
  );
}
