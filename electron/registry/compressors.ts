import type { Readable, Transform } from 'node:stream';
import { Duplex } from 'node:stream';
import { createGzip } from 'node:zlib';
import pLimit from 'p-limit';
import type { PushCompression } from '../../shared/push.ts';
import { zlibChunks } from '../system/zlib-chunks.ts';

/** What gzip and zstd use themselves without another level. */
const defaultLevels = { gzip: 6, zstd: 3 } as const;

/** Of what is compressed at once: other work goes on between two pieces. */
const pieceBytes = 64 * 1024;

/** The library has one state for a stream. */
const zstdLimit = pLimit(1);

/** Compresses a stream. The same bytes, format and level give the same result. */
export async function compress<T>(
  source: Readable | AsyncIterable<Buffer>,
  { format, level = defaultLevels[format] }: Pick<PushCompression, 'format' | 'level'>,
  use: (compressed: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  return format === 'gzip'
    ? use(through(source, createGzip({ ...zlibChunks, level })))
    : zstdLimit(() => use(compressZstd(source, level)));
}

function through(source: Readable | AsyncIterable<Buffer>, transform: Transform): AsyncIterable<Buffer> {
  const from = Duplex.from(source);
  from.once('error', (error) => transform.destroy(error));
  transform.once('close', () => from.destroy());
  return from.pipe(transform);
}

/** Without native code, since older versions of Node have no zstd. */
async function* compressZstd(source: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const zstd = await Zstd.load();
  zstd.reset();
  zstd.setCompressionLevel(level);
  for await (const chunk of source) {
    for (let start = 0; start < chunk.length; start += pieceBytes) {
      yield Buffer.from(zstd.compressChunk(chunk.subarray(start, start + pieceBytes)));
    }
  }
  yield Buffer.from(zstd.compressEnd());
}
