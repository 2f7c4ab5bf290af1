import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { Digest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { diskFailure, systemCode } from '../system/file-errors.ts';

/** Written to disk in pieces of this size; also what one writer keeps in memory at most. */
const bufferBytes = 1024 * 1024;

export interface BlobWriterOptions {
  /** Where the blob grows: on the same file system as its place. Created by the first write. */
  readonly stagingPath: string;
  /** Where a blob of this digest belongs. */
  readonly pathOf: (digest: Digest) => string;
  readonly maxBytes: number;
}

/**
 * One blob on its way into a layout. It is hashed while it is written and gets its name only when it is whole and its
 * digest is right, so a file with a digest as its name always is what the name says.
 *
 * End it with {@link finish} or {@link abort}; after a failure nothing of it is left.
 */
export class BlobWriter {
  readonly #options: BlobWriterOptions;
  readonly #hash: Hash = createHash('sha256');
  #file: WriteStream | undefined;
  #bytes = 0;
  #ended = false;

  constructor(options: BlobWriterOptions) {
    this.#options = options;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The digest of what was written so far. */
  get digest(): Digest {
    return `sha256:${this.#hash.copy().digest('hex')}`;
  }

  /**
   * Resolves when more may be written. The chunk must not change afterwards.
   * @throws Failure `image.too-large`, `disk.full`
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.#assertOpen();
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#options.maxBytes) {
      await this.abort();
      throw fail(
        'image.too-large',
        `A layer is larger than the ${this.#options.maxBytes} bytes that are allowed.`,
        'Make the image smaller: leave out what it does not need, or split the step that adds it.',
      );
    }
    this.#hash.update(chunk);
    const file = this.#opened();
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
   * Puts the blob in its place, where it survives a loss of power. One that is there already stays.
   * @throws Failure `image.corrupt` where the bytes have another digest; `disk.full`
   */
  async finish(expected: Digest): Promise<void> {
    this.#assertOpen();
    const actual = this.digest;
    if (actual !== expected) {
      await this.abort();
      throw fail(
        'image.corrupt',
        `A blob that should be ${expected} arrived damaged.`,
        'Build again: it is sent once more then.',
        `Its ${this.#bytes} bytes are ${actual}.`,
      );
    }
    const place = this.#options.pathOf(expected);
    const file = this.#opened();
    try {
      file.end();
      await finished(file);
      this.#ended = true;
      const present = await stat(place).catch(() => undefined);
      if (present?.size === this.#bytes) {
        await rm(this.#options.stagingPath, { force: true });
        return;
      }
      await rename(this.#options.stagingPath, place).catch(async (error: unknown) => {
        // Windows does not replace a file that somebody reads; what is being read there is this very blob
        if (!['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '') || !(await stat(place).catch(() => null))) {
          throw error;
        }
        await rm(this.#options.stagingPath, { force: true });
      });
    } catch (error) {
      this.#ended = false;
      await this.abort();
      throw diskFailure(error, place);
    }
  }

  /** Gives the blob up and removes what was written of it. Does nothing once it has ended. */
  async abort(): Promise<void> {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
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

  #opened(): WriteStream {
    if (!this.#file) {
      // flush: the content must be on the disk before its name is
      this.#file = createWriteStream(this.#options.stagingPath, {
        flags: 'wx',
        highWaterMark: bufferBytes,
        flush: true,
      });
      // whoever writes next is told; until then an error must not end the process
      this.#file.on('error', () => undefined);
    }
    return this.#file;
  }

  #assertOpen(): void {
    if (this.#ended) {
      throw new Error('the blob writer has ended');
    }
  }
}
