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
  readonly #isLongLine: boolean;
  #sentBytes = 0;
  /** Of the line and of the compression, in bytes per millisecond. */
  #lineRate = Number.POSITIVE_INFINITY;
  #compressionRate = minCompressionRate;
  #skip = 0;

  /** @param roundTripMs of the line; undefined if it is unknown */
  constructor(roundTripMs: number | undefined) {
    this.#isLongLine = (roundTripMs ?? 0) >= minRoundTripMs;
  }

  /** The largest piece to be sent now, in bytes. Until the line is measured, pieces must be small. */
  maxPieceBytes(usual: number): number {
    return this.#isLongLine && this.#sentBytes < 2 * underwayBytes ? Math.min(usual, underwayBytes) : usual;
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
    if (this.#isLongLine && this.#sentBytes >= underwayBytes && bytes >= underwayBytes / 2) {
      this.#lineRate = bytes / (performance.now() - startMs);
    }
    this.#sentBytes += bytes;
  }
}
