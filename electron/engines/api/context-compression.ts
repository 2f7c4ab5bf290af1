import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** On a shorter line, in milliseconds, compression takes more time than it saves. */
const minRoundTripMs = 2;
/** So much may have left without having arrived. Only what is sent beyond it shows how fast the line is. In bytes. */
const underwayBytes = 2 * 1024 * 1024;
/** What a slow processor compresses, in bytes per millisecond. */
const minCompressionRate = 30_000;
/** A piece is compressed if this much of it can be made so much smaller. */
const sampleBytes = 64 * 1024;
const maxRatio = 0.9;
/** How many pieces are not tried after one that cannot be made smaller. */
const skippedPieces = 3;

/**
 * Compresses a context while it is sent, where that is faster: if the line is slower than the compression, as both have been
 * measured so far, and if the content can be made smaller. The compression runs outside of the main thread.
 */
export class ContextCompression {
  /** On others, nothing is compressed. */
  readonly isLongLine: boolean;
  #sentBytes = 0;
  /** Of the line and of the compression, in bytes per millisecond. */
  #lineRate = Number.POSITIVE_INFINITY;
  #compressionRate = minCompressionRate;
  #skip = 0;

  /** @param roundTripMs of the line; undefined if it is unknown */
  constructor(roundTripMs: number | undefined) {
    this.isLongLine = (roundTripMs ?? 0) >= minRoundTripMs;
  }

  /** The largest piece to be sent now, in bytes. Until the line is measured, pieces must be small. */
  maxPieceBytes(usual: number): number {
    return this.isLongLine && this.#sentBytes < 2 * underwayBytes ? Math.min(usual, underwayBytes) : usual;
  }

  /** Returns a piece compressed, or undefined if it is to be sent as it is. */
  async compress(parts: readonly Buffer[], bytes: number): Promise<Buffer | undefined> {
    if (this.#lineRate >= this.#compressionRate) {
      return undefined;
    }
    if (this.#skip > 0) {
      this.#skip--;
      return undefined;
    }
    const piece = Buffer.concat(parts);
    const sample = piece.subarray(0, sampleBytes);
    if ((await compress(sample, { level: 1 })).length > sample.length * maxRatio) {
      this.#skip = skippedPieces;
      return undefined;
    }
    const startMs = performance.now();
    const compressed = await compress(piece, { level: 1 });
    this.#compressionRate = bytes / (performance.now() - startMs);
    return compressed;
  }

  /** Yields the parts of a piece that is sent as it is, and measures how fast the line takes them. */
  *measure(parts: readonly Buffer[], bytes: number): Generator<Buffer> {
    const startMs = performance.now();
    yield* parts;
    if (this.isLongLine && this.#sentBytes >= underwayBytes && bytes >= underwayBytes / 2) {
      this.#lineRate = bytes / (performance.now() - startMs);
    }
    this.#sentBytes += bytes;
  }
}

/** A tar is compressed in pieces of this size. In bytes. */
const pieceBytes = 4 * 1024 * 1024;

/**
 * A context that is sent as a whole, compressed piece by piece where that is faster: each piece is a gzip member, which may only
 * store it. On a short line, the context stays as it is.
 * @param roundTripMs of the line; undefined if it is unknown
 */
export function compressWhereFaster(tar: Readable, roundTripMs: number | undefined): Readable {
  if ((roundTripMs ?? 0) < minRoundTripMs) {
    return tar;
  }
  const compression = new ContextCompression(roundTripMs);
  async function* member(parts: readonly Buffer[], bytes: number): AsyncGenerator<Buffer> {
    const piece = await compression.compress(parts, bytes);
    if (piece) {
      yield piece;
    } else {
      yield* compression.measure([await compress(Buffer.concat(parts), { level: 0 })], bytes);
    }
  }
  async function* members(): AsyncGenerator<Buffer> {
    let parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of tar) {
      parts.push(part);
      bytes += part.length;
      if (bytes >= compression.maxPieceBytes(pieceBytes)) {
        yield* member(parts, bytes);
        [parts, bytes] = [[], 0];
      }
    }
    if (bytes > 0) {
      yield* member(parts, bytes);
    }
  }
  return Readable.from(members(), { objectMode: false });
}
