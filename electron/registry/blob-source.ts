import { Readable } from 'node:stream';
import type { Digest } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { ReadOptions } from '../images/blob-store.ts';
import type { HttpBody } from './http.ts';

/** Where blobs are read from: the image store. */
export interface BlobSource {
  /** Bytes. */
  size(digest: Digest): Promise<number>;
  /** The bytes of the blob from byte `start` on (0 by default). */
  read(digest: Digest, options?: ReadOptions): Readable;
}

/** Reads one blob as the body of requests. Separates errors of the image store from errors of the network. */
export class BlobReader {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly #blobs: BlobSource;
  readonly #onSent: (bytes: number) => void;
  #failure: Failure | undefined;

  /** @param onSent called with the number of bytes from the beginning of the blob that were sent. */
  constructor(digest: Digest, size: number, blobs: BlobSource, onSent: (bytes: number) => void) {
    this.digest = digest;
    this.size = size;
    this.#blobs = blobs;
    this.#onSent = onSent;
  }

  /** Why the blob could not be read, if so. The request itself then only fails like after a lost connection. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** A request body from byte `start` to before byte `end`. */
  bodyFrom(start: number, end = this.size): HttpBody {
    return {
      length: end - start,
      open: () => Readable.from(this.#read(start, end), { objectMode: false }),
    };
  }

  /** Opens the blob only when its first byte is read. */
  async *#read(start: number, end: number): AsyncGenerator<Buffer> {
    let sentBytes = start;
    this.#onSent(sentBytes);
    const stream = this.#blobs.read(this.digest, { start, size: this.size });
    stream.once('error', (error) => {
      this.#failure = error instanceof Failure ? error : corruptBlobFailure(this.digest, 'could not be read', error);
    });
    for await (const chunk of stream) {
      if (sentBytes + chunk.length > this.size) {
        throw this.#wrongSize();
      }
      const bytes = end < this.size ? chunk.subarray(0, end - sentBytes) : chunk;
      yield bytes;
      sentBytes += bytes.length;
      this.#onSent(sentBytes);
      if (end < this.size && sentBytes >= end) {
        return;
      }
    }
    if (sentBytes < end) {
      throw this.#wrongSize();
    }
  }

  #wrongSize(): Failure {
    this.#failure = corruptBlobFailure(this.digest, `does not have its expected size of ${this.size} bytes`);
    return this.#failure;
  }
}

/** @param what what is wrong with the blob, as the predicate of a sentence. */
export function corruptBlobFailure(digest: Digest, what: string, cause?: unknown): Failure {
  return fail(
    'image.corrupt',
    `The blob ${digest} in local storage ${what}.`,
    'Build the image again, then push it.',
    undefined,
    cause,
  );
}
