import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Digest } from '../../../shared/image.ts';
import { Failure } from '../../../shared/problem.ts';
import type { BlobWriter } from '../blob-writer.ts';
import type { Lease } from '../lease.ts';
import { readBody } from './http.ts';
import { ReceiverError } from './receiver-error.ts';

export interface UploadOptions {
  readonly writer: BlobWriter;
  /** Holds the blob. */
  readonly lease: Lease;
  /** Called with the size of each piece before it is written. An error that it throws ends the upload. */
  readonly onBytes: (count: number) => void;
  /** Called when the upload ends, for any reason. */
  readonly onEnd: (upload: Upload) => void;
}

/** One blob that a node is sending. A broken request ends the upload; the node then starts that blob again. */
export class Upload {
  readonly id = randomUUID();
  readonly #options: UploadOptions;
  #appending: Promise<void> | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Bytes received so far. */
  get bytes(): number {
    return this.#options.writer.bytes;
  }

  /**
   * Appends the body of a request. Its `Content-Range` (`first-last`), if any, must continue where the last one ended.
   * @throws ReceiverError, or Failure `image.too-large`, `disk.full`
   */
  async append(request: IncomingMessage): Promise<void> {
    if (this.#appending) {
      throw new ReceiverError(409, 'BLOB_UPLOAD_INVALID', 'another request is writing to this upload');
    }
    const range = /^(?:bytes[= ])?(\d+)-\d+/.exec(request.headers['content-range'] ?? '');
    if (range && Number(range[1]) !== this.bytes) {
      const headers = { Range: uploadRange(this.bytes) };
      throw new ReceiverError(416, 'BLOB_UPLOAD_INVALID', `the upload continues at byte ${this.bytes}`, headers);
    }
    this.#appending = this.#write(request);
    try {
      await this.#appending;
    } catch (error) {
      await this.#discard();
      throw error;
    } finally {
      this.#appending = undefined;
    }
  }

  /**
   * Adds the blob to the store. Ends the upload, also if it fails.
   * @throws ReceiverError `DIGEST_INVALID`, or Failure `disk.full`
   */
  async finish(digest: Digest): Promise<void> {
    const { writer, lease, onEnd } = this.#options;
    onEnd(this);
    try {
      await lease.hold(digest);
      await writer.finish(digest);
    } catch (error) {
      await writer.abort();
      if (error instanceof Failure && error.problem.code === 'image.corrupt') {
        throw new ReceiverError(400, 'DIGEST_INVALID', `the blob is not ${digest}: ${error.problem.detail ?? ''}`);
      }
      throw error;
    }
  }

  /** Waits for a request that is still writing, then removes the received bytes. */
  async abort(): Promise<void> {
    // the response to that request reports its error
    await this.#appending?.catch(() => undefined);
    await this.#discard();
  }

  async #discard(): Promise<void> {
    this.#options.onEnd(this);
    await this.#options.writer.abort();
  }

  async #write(request: IncomingMessage): Promise<void> {
    for await (const chunk of readBody(request)) {
      this.#options.onBytes(chunk.length);
      await this.#options.writer.write(chunk);
    }
  }
}

/** The `Range` header of an upload. Its last byte is inclusive; an empty upload is `0-0`, as in other registries. */
export function uploadRange(bytes: number): string {
  return `0-${Math.max(bytes - 1, 0)}`;
}
