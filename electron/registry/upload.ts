import { Readable } from 'node:stream';
import type { Digest } from '../../shared/image.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { networkFailure } from './failures.ts';
import { discard, type HttpAnswer, header } from './http.ts';
import { errorCode, isTransientError, isTransientStatus, maxAttempts } from './retry.ts';
import type { RegistrySession } from './session.ts';

/** Where blobs come from: the local store. */
export interface BlobSource {
  /** Bytes. */
  size(digest: Digest): Promise<number>;
  /** The blob's bytes from `start` (counted from 0, none by default) to its end. */
  read(digest: Digest, options?: { start?: number }): Readable;
}

export interface BlobUpload {
  readonly digest: Digest;
  readonly blobs: BlobSource;
  /** How many bytes of the blob the registry has been sent so far; goes back where a part must be sent again. */
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** How long a started upload's removal may take after it was given up. */
const removalMs = 2_000;

/**
 * Uploads one blob. One PUT sends it whole; when that breaks off, the registry is asked how much it has and only the rest is
 * sent, and where it does not say (Docker's own registry forgets its place after a drop) the blob starts again. Up to five
 * attempts. An upload that was given up is removed from the registry as far as that works.
 */
export async function uploadBlob(session: RegistrySession, upload: BlobUpload): Promise<void> {
  const size = await upload.blobs.size(upload.digest);
  const attempts = new BlobAttempts(session, upload, size);
  try {
    await attempts.run();
  } catch (error) {
    await attempts.remove();
    throw error;
  }
}

class BlobAttempts {
  readonly #session: RegistrySession;
  readonly #upload: BlobUpload;
  readonly #size: number;
  /** Where the upload goes on, as the registry said last. */
  #location: URL | undefined;
  /** How many bytes the registry said it has at that location. */
  #offset = 0;
  #unreadable: Failure | undefined;

  constructor(session: RegistrySession, upload: BlobUpload, size: number) {
    this.#session = session;
    this.#upload = upload;
    this.#size = size;
  }

  async run(): Promise<void> {
    const { signal, digest } = this.#upload;
    for (let attempt = 1; ; attempt += 1) {
      const resumed = this.#offset > 0;
      let answer: HttpAnswer | undefined;
      try {
        answer = await this.#send();
        if (answer.status >= 200 && answer.status < 300) {
          await this.#finish(answer);
          return;
        }
        // a rest that does not fit what the registry has kept: the whole blob may still do
        if (attempt === maxAttempts || (!isTransientStatus(answer.status) && !resumed)) {
          throw await this.#session.failure(answer, `the upload of ${digest}`);
        }
        await discard(answer);
      } catch (error) {
        signal.throwIfAborted();
        if (this.#unreadable || error instanceof Failure) {
          throw this.#unreadable ?? error;
        }
        if (errorCode(error) === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
          throw damaged(digest, `is not as long as it said (${this.#size} bytes)`, error);
        }
        if (!isTransientError(error) || attempt === maxAttempts) {
          throw networkFailure('The registry', this.#location ?? this.#session.url(''), error);
        }
      }
      await this.#session.pause(attempt, answer, signal);
      if (await this.#isThere(resumed && answer !== undefined && !isTransientStatus(answer.status))) {
        return;
      }
    }
  }

  /** Takes back a started upload, so that the registry need not keep half a blob. Never fails. */
  async remove(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location) {
      await this.#session
        .sendOnce({ method: 'DELETE', url: location }, AbortSignal.timeout(removalMs))
        .then(discard)
        .catch(() => {});
    }
  }

  async #send(): Promise<HttpAnswer> {
    const { signal, digest } = this.#upload;
    if (!this.#location) {
      const begun = await this.#session.sendOnce({ method: 'POST', url: this.#session.url('blobs/uploads/') }, signal);
      // 201: the registry had the blob after all
      if (begun.status !== 202) {
        return begun;
      }
      await discard(begun);
      this.#location = this.#next(begun);
      this.#offset = 0;
    }
    if (this.#offset === 0) {
      return await this.#put(this.#location, this.#size);
    }
    if (this.#offset < this.#size) {
      const patched = await this.#patch(this.#location);
      if (patched.status < 200 || patched.status >= 300) {
        return patched;
      }
      await discard(patched);
      this.#location = this.#next(patched);
      this.#offset = this.#size;
    }
    return await this.#session.sendOnce({ method: 'PUT', url: withDigest(this.#location, digest) }, signal);
  }

  async #put(location: URL, length: number): Promise<HttpAnswer> {
    const { digest, signal } = this.#upload;
    return await this.#session.sendOnce(
      {
        method: 'PUT',
        url: withDigest(location, digest),
        headers: { 'content-type': 'application/octet-stream' },
        body: { length, open: () => this.#open(0) },
      },
      signal,
    );
  }

  /** Sends what is missing from the offset on, as one chunk. */
  async #patch(location: URL): Promise<HttpAnswer> {
    const start = this.#offset;
    return await this.#session.sendOnce(
      {
        method: 'PATCH',
        url: location,
        headers: { 'content-type': 'application/octet-stream', 'content-range': `${start}-${this.#size - 1}` },
        body: { length: this.#size - start, open: () => this.#open(start) },
      },
      this.#upload.signal,
    );
  }

  #next(answer: HttpAnswer): URL {
    const location = this.#session.location(answer);
    if (!location) {
      throw fail(
        'registry.refused',
        `The registry ${this.#session.registry} began an upload and did not say where to send it.`,
        'Check that it is a registry by the OCI distribution specification, and that nothing before it drops Location.',
      );
    }
    return location;
  }

  async #finish(answer: HttpAnswer): Promise<void> {
    await discard(answer);
    const stored = header(answer, 'docker-content-digest');
    this.#location = undefined;
    if (stored !== undefined && stored !== this.#upload.digest) {
      throw fail(
        'registry.refused',
        `The registry ${this.#session.registry} stored ${stored} where ${this.#upload.digest} was sent.`,
        'Something between here and there changes what is sent. Push again; if it stays, ask the registry’s administrator.',
      );
    }
    this.#upload.onSent(this.#size);
  }

  /**
   * Finds out where a broken upload goes on. True where nothing is left to do: sometimes only the registry's last word was
   * lost. With `anew` the registry is not asked for its place, and the blob starts again.
   */
  async #isThere(anew: boolean): Promise<boolean> {
    this.#offset = anew ? 0 : await this.#askOffset();
    if (this.#offset === 0) {
      await this.remove();
      const answer = await this.#ask('HEAD', this.#session.url(`blobs/${this.#upload.digest}`));
      if (answer?.status === 200) {
        this.#upload.onSent(this.#size);
        return true;
      }
    }
    this.#upload.onSent(this.#offset);
    return false;
  }

  /**
   * How many bytes of the blob the registry has kept; 0 where it has none or does not say. `0-0` is what Docker's registry
   * says of an empty upload, so a single byte counts as none.
   */
  async #askOffset(): Promise<number> {
    const answer = this.#location && (await this.#ask('GET', this.#location));
    if (answer?.status === 404) {
      this.#location = undefined;
    }
    const range = /^(?:bytes=)?0-(\d+)$/.exec((answer && header(answer, 'range')) ?? '');
    const kept = Number(range?.[1] ?? 0) + 1;
    if (!answer || answer.status < 200 || answer.status >= 300 || kept === 1 || kept > this.#size) {
      return 0;
    }
    this.#location = this.#session.location(answer) ?? this.#location;
    return kept;
  }

  /** One question in the middle of trouble: no answer is an answer too. */
  async #ask(method: 'GET' | 'HEAD', url: URL): Promise<HttpAnswer | undefined> {
    try {
      const answer = await this.#session.sendOnce({ method, url }, this.#upload.signal);
      await discard(answer);
      return answer;
    } catch (error) {
      this.#upload.signal.throwIfAborted();
      if (error instanceof Failure) {
        throw error;
      }
      return undefined;
    }
  }

  #open(start: number): Readable {
    return Readable.from(this.#read(start), { objectMode: false });
  }

  /** The blob from `start` on, counted as it goes out. Opens it only when the first byte is wanted. */
  async *#read(start: number): AsyncGenerator<Buffer> {
    const { blobs, digest, onSent } = this.#upload;
    let sent = start;
    onSent(sent);
    const stream = start === 0 ? blobs.read(digest) : blobs.read(digest, { start });
    // the request would report this like any drop of its connection, and try again
    stream.once('error', (error) => {
      this.#unreadable = error instanceof Failure ? error : damaged(digest, 'cannot be read', error);
    });
    for await (const chunk of stream) {
      yield chunk;
      sent += chunk.length;
      onSent(sent);
    }
  }
}

/** `digest` is added to the location's query, which is the registry's own and stays as it is. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${location.search === '' ? '?' : `${location.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

function damaged(digest: Digest, what: string, cause: unknown): Failure {
  return fail(
    'image.corrupt',
    `The blob ${digest} in local storage ${what}.`,
    'Build the image again; then push.',
    undefined,
    cause,
  );
}
