import { Decompress } from 'fzstd';

/** What a frame looks back on is held in memory. The zstd program accepts as much by default. */
const maxWindowBytes = 128 * 1024 * 1024;
/** Of the compressed data that is decompressed at once. */
const pieceBytes = 64 * 1024;
/** Blocks that are decompressed at once: one of a few bytes can become 2 MiB. */
const maxBlocks = 32;

/**
 * Decompresses zstd without native code. The frames are followed here, because the library allocates whatever window a frame asks for.
 * Source: RFC 8878.
 */
export async function* decompressZstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new FrameReader();
  let output: Buffer[] = [];
  const decompress = new Decompress((data) => {
    output.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  });
  for await (const chunk of source) {
    for (let start = 0, end = 0; start < chunk.length; start = end) {
      end = start + frames.follow(chunk.subarray(start, start + pieceBytes));
      const piece = chunk.subarray(start, end);
      // the library keeps what it was given
      decompress.push(Buffer.from(piece));
      yield* output;
      output = [];
    }
  }
  decompress.push(new Uint8Array(0), true);
  yield* output;
  frames.assertEnd();
}

/** Follows frames and blocks, and checks the window that each frame asks for. */
class FrameReader {
  /** Bytes of the part that is read now: the header of a frame or of a block. */
  #head: number[] = [];
  #skipBytes = 0;
  #state: 'frame' | 'block' = 'frame';
  #hasChecksum = false;

  /** @returns how many bytes of the piece may be decompressed at once */
  follow(piece: Uint8Array): number {
    let at = 0;
    for (let blocks = 0; at < piece.length && blocks < maxBlocks; ) {
      if (this.#skipBytes > 0) {
        const skipped = Math.min(this.#skipBytes, piece.length - at);
        this.#skipBytes -= skipped;
        at += skipped;
        continue;
      }
      this.#head.push(piece[at] ?? 0);
      at += 1;
      if (this.#state === 'frame') {
        this.#readFrame();
      } else {
        this.#readBlock();
        blocks += this.#head.length === 0 ? 1 : 0;
      }
    }
    return at;
  }

  assertEnd(): void {
    if (this.#state !== 'frame' || this.#head.length > 0 || this.#skipBytes > 0) {
      throw new Error('the zstd data ends too early');
    }
  }

  #readFrame(): void {
    const head = this.#head;
    if (head.length < 5) {
      return;
    }
    if (((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) {
      if (head.length === 8) {
        this.#skipBytes = littleEndian(head, 4, 4);
        this.#head = [];
      }
      return;
    }
    if (littleEndian(head, 0, 4) !== 0xfd2fb528) {
      throw new Error('the zstd data is damaged');
    }
    const flags = head[4] ?? 0;
    const isSingle = (flags & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
    const sizeFlag = flags >> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
    const windowAt = 5;
    const sizeAt = windowAt + (isSingle ? 0 : 1) + dictionaryBytes;
    if (head.length < sizeAt + sizeBytes) {
      return;
    }
    const exponent = (head[windowAt] ?? 0) >> 3;
    const base = 2 ** (10 + exponent);
    const window = isSingle ? littleEndian(head, sizeAt, sizeBytes) : base + (base / 8) * ((head[windowAt] ?? 0) & 7);
    if (window > maxWindowBytes) {
      throw new Error(`the zstd data needs ${window} bytes of memory, more than ${maxWindowBytes}`);
    }
    this.#hasChecksum = (flags & 4) !== 0;
    this.#state = 'block';
    this.#head = [];
  }

  #readBlock(): void {
    if (this.#head.length < 3) {
      return;
    }
    const header = littleEndian(this.#head, 0, 3);
    const size = header >>> 3;
    // a block of one repeated byte has only that byte
    this.#skipBytes = ((header >> 1) & 3) === 1 ? 1 : size;
    if (header & 1) {
      this.#skipBytes += this.#hasChecksum ? 4 : 0;
      this.#state = 'frame';
    }
    this.#head = [];
  }
}

function littleEndian(bytes: readonly number[], start: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index -= 1) {
    value = value * 256 + (bytes[start + index] ?? 0);
  }
  return value;
}
