import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { zlibChunks } from '../system/zlib-chunks.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** Enough for {@link compressionOf}. */
const magicBytes = 4;

/** Tells the compression by the first bytes. What is neither gzip nor zstd counts as not compressed. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) {
    return 'gzip';
  }
  // zstd's frames, and those that it skips
  const isZstd = head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd && head[0] === 0x28;
  const isSkipped = ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return isZstd || isSkipped ? 'zstd' : 'none';
}

/** The bytes without their compression, whichever it is: gzip, zstd or none. @throws Error for damaged bytes */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { head, whole } = await peek(source, magicBytes);
  switch (compressionOf(head)) {
    case 'gzip':
      yield* through(whole, zlib.createGunzip(zlibChunks));
      break;
    case 'zstd': {
      const native = 'createZstdDecompress' in zlib ? zlib.createZstdDecompress : undefined;
      // only newer versions of Node have it
      if (typeof native === 'function') {
        yield* through(whole, native(zlibChunks));
      } else {
        const { decompressZstd } = await import('./zstd.ts');
        yield* decompressZstd(whole);
      }
      break;
    }
    case 'none':
      yield* whole;
  }
}

async function* through(source: AsyncIterable<Buffer>, transform: NodeJS.ReadWriteStream): AsyncGenerator<Buffer> {
  const flow = pipeline(source, transform);
  flow.catch(() => undefined);
  for await (const chunk of transform) {
    if (Buffer.isBuffer(chunk)) {
      yield chunk;
    }
  }
  await flow;
}

/** Reads the first bytes. `whole` is the content from its beginning. */
export async function peek(
  source: AsyncIterable<Buffer>,
  count: number,
): Promise<{ readonly head: Buffer; readonly whole: AsyncGenerator<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let isDone = false;
  while (head.length < count && !isDone) {
    const next = await iterator.next();
    isDone = next.done === true;
    head = next.done ? head : Buffer.concat([head, next.value]);
  }
  async function* readWhole(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) {
        yield head;
      }
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head, whole: readWhole() };
}
