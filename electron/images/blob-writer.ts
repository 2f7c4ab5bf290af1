import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { digestOfHash } from './digest.ts';

/** The size of one write to the disk, and the most that one writer keeps in memory. */
const bufferBytes = 1024 * 1024;

export interface BlobWriterOptions {
  /** The temporary file, on the same file system as the final path. The first write creates it. */
  readonly stagingPath: string;
  /** The final path of the blob with this digest. */
  readonly pathOf: (digest: Digest) => string;
  readonly maxBytes: number;
}

/**
 * Writes one blob into an OCI layout. The blob is hashed while it is written, and is renamed to its digest only when it
 * is complete and the digest matches. A file that is named by a digest therefore always has that content.
 *
 * Call {@link finish} or {@link abort} at the end. Both remove the temporary file after a failure.
 */
export class BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #hash: Hash = createHash('sha256');
  #file: WriteStream | undefined;
  #bytes = 0;
  #hasEnded = false;

  constructor(options: BlobWriterOptions) {
    this.#options = options;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The digest of the bytes written so far. */
  get digest(): Digest {
    return digestOfHash(this.#hash.copy());
  }

  /**
   * Resolves when the next chunk may be written. The caller must not change the chunk afterwards.
   * @throws Failure `image.too-large`, `disk.full`
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen();
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#options.maxBytes) {
      await this.abort();
      throw fail(
        'image.too-large',
        `A layer is larger than the limit of ${this.#options.maxBytes} bytes.`,
        'Make the image smaller: remove files that it does not need, or split the step that adds them.',
      );
    }
    this.#hash.update(chunk);
    const file = this.#openFile();
    try {
      if (file.errored) {
        throw file.errored;
      }
      if (!file.write(chunk)) {
        await once(file, 'drain');
      }
    } catch (error) {
      await this.abort();
      throw diskFailure(error, this.#options.stagingPath);
    }
  }

  /**
   * Flushes the blob to the disk, so that it survives a loss of power, and renames it to its digest. A complete file
   * with that digest stays as it is.
   * @throws Failure `image.corrupt` if the bytes have another digest; `disk.full`
   */
  async finish(expected: Digest): Promise<void> {
    this.#assertOpen();
    const actual = this.digest;
    if (actual !== expected) {
      await this.abort();
      throw fail(
        'image.corrupt',
        `The blob ${expected} arrived damaged.`,
        'Build again: the blob will be sent again.',
        `The ${this.#bytes} bytes that arrived have the digest ${actual}.`,
      );
    }
    const path = this.#options.pathOf(expected);
    const file = this.#openFile();
    try {
      file.end();
      await finished(file);
      this.#hasEnded = true;
      const existing = await stat(path).catch(() => undefined);
      if (existing?.size === this.#bytes) {
        await rm(this.#options.stagingPath, { force: true });
        return;
      }
      await rename(this.#options.stagingPath, path).catch(async (error: unknown) => {
        // Windows does not replace a file while it is being read. An existing file at this path is the same blob.
        if (!['EPERM', 'EACCES', 'EBUSY'].includes(errnoCode(error) ?? '') || !(await stat(path).catch(() => null))) {
          throw error;
        }
        await rm(this.#options.stagingPath, { force: true });
      });
    } catch (error) {
      this.#hasEnded = false;
      await this.abort();
      throw diskFailure(error, path);
    }
  }

  /** Stops writing and removes the temporary file. Does nothing after {@link finish} or an earlier call. */
  async abort(): Promise<void> {
    if (this.#hasEnded) {
      return;
    }
    this.#hasEnded = true;
    const file = this.#file;
    if (!file) {
      return;
    }
    if (!file.closed) {
      const closed = once(file, 'close');
      file.destroy();
      await closed.catch(() => undefined);
    }
    await rm(this.#options.stagingPath, { force: true });
  }

  #openFile(): WriteStream {
    if (!this.#file) {
      // flush: the content must be on the disk before the file is renamed
      this.#file = createWriteStream(this.#options.stagingPath, {
        flags: 'wx',
        highWaterMark: bufferBytes,
        flush: true,
      });
      // the next write reports the error; without a listener it would end the process
      this.#file.on('error', () => undefined);
    }
    return this.#file;
  }

  #assertOpen(): void {
    if (this.#hasEnded) {
      throw new Error('the blob writer has ended');
    }
  }
}
