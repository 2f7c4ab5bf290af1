import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Digest } from '../../shared/image.ts';
import { Failure } from '../../shared/problem.ts';
import type { OpenAdmission } from './admission.ts';
import type { BlobWriter } from './blob-writer.ts';
import type { Blobs } from './blobs.ts';
import { RegistryError } from './registry-error.ts';

/** Engines send five or six blobs at a time; more than this is no engine. */
const maxUploads = 64;

/** One blob that a node is sending. A request that breaks off ends it: the node starts that blob again. */
export class Upload {
  readonly id = randomUUID();
  readonly #admission: OpenAdmission;
  readonly #writer: BlobWriter;
  #appending: Promise<void> | undefined;

  private constructor(admission: OpenAdmission, writer: BlobWriter) {
    this.#admission = admission;
    this.#writer = writer;
  }

  static start(admission: OpenAdmission, blobs: Blobs): Upload {
    if (admission.uploads.size >= maxUploads) {
      throw new RegistryError(429, 'TOOMANYREQUESTS', `more than ${maxUploads} uploads at once`);
    }
    const upload = new Upload(admission, blobs.writer());
    admission.uploads.set(upload.id, upload);
    return upload;
  }

  get bytes(): number {
    return this.#writer.bytes;
  }

  /** Appends a request's body. A `Content-Range` (`first-last`) must go on where the last one ended. */
  async append(request: IncomingMessage): Promise<void> {
    if (this.#appending) {
      throw new RegistryError(409, 'BLOB_UPLOAD_INVALID', 'another request is writing to this upload');
    }
    const range = /^(?:bytes[= ])?(\d+)-\d+/.exec(request.headers['content-range'] ?? '');
    if (range && Number(range[1]) !== this.bytes) {
      const headers = { Range: rangeOf(this.bytes) };
      throw new RegistryError(416, 'BLOB_UPLOAD_INVALID', `the upload goes on at byte ${this.bytes}`, headers);
    }
    this.#appending = this.#write(request);
    try {
      await this.#appending;
    } catch (error) {
      await this.#drop();
      throw error;
    } finally {
      this.#appending = undefined;
    }
  }

  /** Puts the blob in its place. The upload has ended then, whatever comes of it. */
  async finish(digest: Digest): Promise<void> {
    this.#admission.uploads.delete(this.id);
    try {
      await this.#admission.lease.hold(digest);
      await this.#writer.finish(digest);
    } catch (error) {
      await this.#writer.abort();
      if (error instanceof Failure && error.problem.code === 'image.corrupt') {
        throw new RegistryError(400, 'DIGEST_INVALID', `the blob is not ${digest}: ${error.problem.detail ?? ''}`);
      }
      throw error;
    }
  }

  /** Removes what has arrived, after a request that writes to it has stopped. */
  async abort(): Promise<void> {
    // its own failure is told to the node
    await this.#appending?.catch(() => undefined);
    await this.#drop();
  }

  async #drop(): Promise<void> {
    this.#admission.uploads.delete(this.id);
    await this.#writer.abort();
  }

  async #write(request: IncomingMessage): Promise<void> {
    for await (const chunk of body(request)) {
      this.#admission.count(chunk.length);
      await this.#writer.write(chunk);
    }
  }
}

/** A request's body in its pieces. Stopping early leaves the connection open, so that the node can still be answered. */
export async function* body(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      yield chunk;
    }
  } catch {
    throw new RegistryError(400, 'BLOB_UPLOAD_INVALID', 'the connection broke off');
  }
}

/** The `Range` header of an upload: inclusive, and `0-0` for an empty one as registries have it. */
export function rangeOf(bytes: number): string {
  return `0-${Math.max(bytes - 1, 0)}`;
}
