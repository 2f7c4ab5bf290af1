import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { zlibChunks } from '../system/zlib-chunks.ts';
import { digestOfHash } from './digest.ts';
import type { ImageStore } from './image-store.ts';
import type { Lease } from './lease.ts';

/** A tar archive has its magic at byte 257 of its first header. Source: POSIX ustar. */
const tarMagic = { text: 'ustar', offset: 257 };
const sniffBytes = tarMagic.offset + tarMagic.text.length;

export interface CompressedBlob {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Writes one blob of an archive into the store. An uncompressed layer is compressed during the import.
 * @returns the blob that is stored instead, if the layer was compressed.
 * @throws Failure `image.corrupt`, `image.too-large`, `disk.full`
 */
export async function importBlob(
  store: ImageStore,
  lease: Lease,
  content: AsyncGenerator<Buffer>,
  digest: Digest,
): Promise<CompressedBlob | undefined> {
  const { head, whole } = await peek(content);
  if (head.toString('latin1', tarMagic.offset, sniffBytes) === tarMagic.text) {
    const { diffId, ...stored } = await importLayer(store, lease, whole);
    if (diffId !== digest) {
      throw fail(
        'image.corrupt',
        `The layer ${digest} arrived damaged.`,
        'Build again: the layer will be sent again.',
        `Its uncompressed bytes have the digest ${diffId}.`,
      );
    }
    return stored;
  }
  const writer = store.blobs.createWriter();
  try {
    for await (const chunk of whole) {
      await writer.write(chunk);
    }
    await lease.hold(digest);
    await writer.finish(digest);
  } finally {
    await writer.abort();
  }
  return undefined;
}

/** A layer that was compressed. `diffId` is the digest of its uncompressed bytes. */
export interface ImportedLayer extends CompressedBlob {
  readonly diffId: Digest;
}

/** Compresses an uncompressed layer into the store. @throws Failure `image.too-large`, `disk.full` */
export async function importLayer(
  store: ImageStore,
  lease: Lease,
  content: AsyncIterable<Buffer>,
): Promise<ImportedLayer> {
  const hash = createHash('sha256');
  const writer = store.blobs.createWriter();
  try {
    await pipeline(
      content,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createGzip(zlibChunks),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          await writer.write(chunk);
        }
      },
    );
    const stored = { digest: writer.digest, size: writer.bytes, diffId: digestOfHash(hash) };
    await lease.hold(stored.digest);
    await writer.finish(stored.digest);
    return stored;
  } finally {
    await writer.abort();
  }
}

/** Reads the first bytes, enough to recognize a tar archive. `whole` is the content from its beginning. */
async function peek(content: AsyncGenerator<Buffer>): Promise<{ head: Buffer; whole: AsyncIterable<Buffer> }> {
  let head = Buffer.alloc(0);
  let isDone = false;
  while (head.length < sniffBytes && !isDone) {
    const next = await content.next();
    isDone = next.done === true;
    head = next.done ? head : Buffer.concat([head, next.value]);
  }
  async function* readWhole(): AsyncGenerator<Buffer> {
    if (head.length > 0) {
      yield head;
    }
    for (let next = await content.next(); !next.done; next = await content.next()) {
      yield next.value;
    }
  }
  return { head, whole: readWhole() };
}
