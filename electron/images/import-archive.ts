import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { type Digest, isDigest } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { takeImage, wrappedImage } from './image-check.ts';
import { parseLayoutIndex } from './layout-index.ts';
import { type Descriptor, maxManifestBytes, parseManifest, type ReceivedImage } from './manifest.ts';
import type { ImageStore, Lease } from './store.ts';

export { type ExportOptions, exportList } from './export.ts';

/** What one archive may bring where nobody says less: 64 GiB, uncompressed layers included. */
const defaultMaxBytes = 64 * 1024 ** 3;

/** A tar archive has its magic at byte 257 of its first header. Source: POSIX ustar. */
const tarMagic = { text: 'ustar', at: 257 };
const sniffBytes = tarMagic.at + tarMagic.text.length;

export interface ImportOptions {
  readonly platform: Platform;
  /** Holds everything that is taken. */
  readonly lease: Lease;
  /** Called with the size of each piece of the archive that arrives. */
  readonly onBytes: (count: number) => void;
  readonly maxBytes?: number;
  readonly signal: AbortSignal;
}

/** An uncompressed layer and the compressed blob that stands for it in the store. */
type Compressed = ReadonlyMap<Digest, { readonly digest: Digest; readonly size: number }>;

/**
 * Takes the image of a platform out of an archive that an engine exports: an OCI archive (podman) or a docker-archive that
 * is an OCI layout too (docker 25 and newer). Reads the stream once, in whatever order its entries come.
 *
 * Layers that come compressed keep their bytes. Those that come uncompressed (docker) are compressed on the way, since
 * stored blobs are pushed on as they are; the manifest is rewritten for them, the configuration stays.
 *
 * The stream is destroyed when this ends.
 * @throws Failure `image.corrupt`, `image.incomplete`, `image.platform`, `image.too-large`, `disk.full`,
 *   `engine.unsupported` for an archive without an OCI layout; or whatever the stream failed with.
 */
export async function importArchive(
  store: ImageStore,
  stream: Readable,
  options: ImportOptions,
): Promise<ReceivedImage> {
  const { platform, lease, signal } = options;
  const unpack = extract();
  const flow = pipeline(stream, (source: AsyncIterable<Buffer>) => counted(source, options), unpack, { signal });
  // both ends see a failure; which of them says why is sorted out below
  const broken = flow.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    const compressed = new Map<Digest, { digest: Digest; size: number }>();
    let index: string | undefined;
    for await (const entry of unpack) {
      const name = entry.header.name.replace(/^\.\//, '');
      const digest = `sha256:${/^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1] ?? ''}`;
      if (entry.header.type === 'file' && isDigest(digest)) {
        await takeBlob(store, lease, contentOf(entry), digest, compressed);
      } else if (entry.header.type === 'file' && name === 'index.json') {
        index = (await small(contentOf(entry))).toString('utf8');
      } else {
        entry.resume();
      }
    }
    await flow;
    if (index === undefined) {
      throw fail(
        'engine.unsupported',
        'The engine exported the image in a format without an OCI layout.',
        'Update the engine: docker 25 and every podman since 4.0 can export one.',
      );
    }
    const { manifests } = parseLayoutIndex(index, "The archive's index.json");
    const wrapped = await wrappedImage(store.blobs, manifests, platform);
    const bytes = await store.blobs.readSmall(wrapped.digest);
    return await takeImage(store.blobs, lease, withCompressed(bytes, wrapped, compressed), platform);
  } catch (error) {
    unpack.destroy();
    stream.destroy();
    throw reasonOf(error, await broken, stream, signal);
  }
}

async function* counted(source: AsyncIterable<Buffer>, { maxBytes, onBytes }: ImportOptions): AsyncGenerator<Buffer> {
  const limit = maxBytes ?? defaultMaxBytes;
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limit) {
      throw fail(
        'image.too-large',
        `The exported image is larger than the ${limit} bytes that are allowed.`,
        'Make the image smaller: leave out what it does not need.',
      );
    }
    onBytes(chunk.length);
    yield chunk;
  }
}

/** An entry's bytes: the tar reader's types do not say that it gives buffers. */
async function* contentOf(entry: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  for await (const chunk of entry) {
    if (!Buffer.isBuffer(chunk)) {
      throw new Error('the tar reader gave something that is no buffer');
    }
    yield chunk;
  }
}

async function takeBlob(
  store: ImageStore,
  lease: Lease,
  entry: AsyncGenerator<Buffer>,
  digest: Digest,
  compressed: Map<Digest, { digest: Digest; size: number }>,
): Promise<void> {
  const { head, rest } = await sniffed(entry);
  if (head.toString('latin1', tarMagic.at, sniffBytes) === tarMagic.text) {
    compressed.set(digest, await takeCompressed(store, lease, rest, digest));
    return;
  }
  const writer = store.blobs.writer();
  try {
    for await (const chunk of rest) {
      await writer.write(chunk);
    }
    await lease.hold(digest);
    await writer.finish(digest);
  } finally {
    await writer.abort();
  }
}

/** Compresses a layer into the store, and checks that its uncompressed bytes are what the archive promised. */
async function takeCompressed(
  store: ImageStore,
  lease: Lease,
  content: AsyncIterable<Buffer>,
  digest: Digest,
): Promise<{ digest: Digest; size: number }> {
  const plain = createHash('sha256');
  const writer = store.blobs.writer();
  try {
    await pipeline(
      content,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          plain.update(chunk);
          yield chunk;
        }
      },
      createGzip(),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          await writer.write(chunk);
        }
      },
    );
    const actual = plain.digest('hex');
    if (digest !== `sha256:${actual}`) {
      throw fail(
        'image.corrupt',
        `A layer that should be ${digest} arrived damaged.`,
        'Build again: it is sent once more then.',
        `Its uncompressed bytes are sha256:${actual}.`,
      );
    }
    const stored = { digest: writer.digest, size: writer.bytes };
    await lease.hold(stored.digest);
    await writer.finish(stored.digest);
    return stored;
  } finally {
    await writer.abort();
  }
}

/** The first bytes of an entry, enough to tell a tar archive, and all of it again. */
async function sniffed(entry: AsyncGenerator<Buffer>): Promise<{ head: Buffer; rest: AsyncIterable<Buffer> }> {
  let head = Buffer.alloc(0);
  let done = false;
  while (head.length < sniffBytes && !done) {
    const next = await entry.next();
    done = next.done === true;
    head = next.done ? head : Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    if (head.length > 0) {
      yield head;
    }
    for (let next = await entry.next(); !next.done; next = await entry.next()) {
      yield next.value;
    }
  }
  return { head, rest: whole() };
}

async function small(entry: AsyncGenerator<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry) {
    bytes += chunk.length;
    if (bytes > maxManifestBytes) {
      throw fail(
        'image.corrupt',
        `The archive's index.json has more than ${maxManifestBytes} bytes.`,
        'Build the image again; if that does not help, update the engine that made it.',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A manifest in which layers that were compressed on the way are named as they are stored. */
function withCompressed(bytes: Buffer, { mediaType }: Descriptor, compressed: Compressed): Buffer {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind !== 'image' || !manifest.layers.some(({ digest }) => compressed.has(digest))) {
    return bytes;
  }
  const layers = manifest.layers.map((layer) => {
    const stored = compressed.get(layer.digest);
    return stored ? { ...layer, ...stored, mediaType: compressedType(layer.mediaType) } : layer;
  });
  return Buffer.from(JSON.stringify({ ...manifest.document, mediaType: manifest.mediaType, layers }));
}

/** OCI writes `….tar+gzip`, Docker `….tar.gzip`. */
function compressedType(mediaType: string): string {
  if (!mediaType.endsWith('.tar')) {
    return mediaType;
  }
  return mediaType.startsWith('application/vnd.docker.') ? `${mediaType}.gzip` : `${mediaType}+gzip`;
}

/** Of the errors that one failure shows up as, the one that tells its cause. */
function reasonOf(seen: unknown, broken: unknown, stream: Readable, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason;
  }
  const failure = [seen, broken, stream.errored].find((error) => error instanceof Failure);
  if (failure) {
    return failure;
  }
  if (stream.errored) {
    return stream.errored;
  }
  // what is left comes from the tar reader
  return fail(
    'image.corrupt',
    'The archive that the engine exported is damaged or ends too early.',
    'Build again: it is exported once more then.',
    seen instanceof Error ? seen.message : String(seen),
    seen,
  );
}
