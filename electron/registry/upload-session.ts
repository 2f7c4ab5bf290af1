import { Failure, fail } from '../../shared/problem.ts';
import type { BlobReader } from './blob-source.ts';
import { discardBody, type HttpBody, type HttpResponse, headerOf } from './http.ts';
import type { RegistrySession } from './session.ts';

/** A blob that is sent in chunks has chunks of this size, unless the registry wants larger ones. */
const chunkBytes = 16 * 1024 * 1024;

/** The timeout for deleting an upload after it was cancelled or failed. */
const deleteTimeoutMs = 2_000;

export interface UploadSessionOptions {
  /** Other repositories of the registry that may have the blob, the likeliest first. */
  readonly mountFrom: readonly string[];
  /** Whether the registry has said that the repository does not have the blob. If not, it is asked before bytes are sent. */
  readonly isAskedFirst: boolean;
  /** Called with each of them that does not have it. */
  readonly onNotThere?: ((repository: string) => void) | undefined;
  readonly signal: AbortSignal;
  /** Bytes of a chunk: 16 MiB by default. */
  readonly chunkBytes?: number | undefined;
  /** Called with the number of bytes from the beginning of the blob that the registry has. */
  readonly onSent: (bytes: number) => void;
}

/** The upload of one blob in a registry: where it is, and how much of the blob the registry has. */
export class UploadSession {
  readonly #session: RegistrySession;
  readonly #reader: BlobReader;
  readonly #options: UploadSessionOptions;
  readonly #signal: AbortSignal;
  /** The repositories from which the blob may still be mounted. */
  #mountFrom: readonly string[];
  #isMounted = false;
  /** The latest location from the registry. Undefined before the start and after the end. */
  #location: URL | undefined;
  /** How many bytes the registry has at that location. */
  #offset = 0;
  #hasPutWhole = false;
  /** The size of chunks after a lost connection. Undefined: everything is sent at once. */
  #chunkBytes: number | undefined;
  #refusesChunks = false;
  readonly #maxChunkBytes: number;

  constructor(session: RegistrySession, reader: BlobReader, options: UploadSessionOptions) {
    this.#session = session;
    this.#reader = reader;
    this.#options = options;
    this.#signal = options.signal;
    this.#mountFrom = options.mountFrom;
    this.#maxChunkBytes = options.chunkBytes ?? chunkBytes;
  }

  get url(): URL {
    return this.#location ?? this.#session.url('');
  }

  /** Whether the registry has taken the blob from another of its repositories, or had it. */
  get isMounted(): boolean {
    return this.#isMounted;
  }

  /** Whether the registry has a part of the blob, so that only the rest is sent. */
  get isResumed(): boolean {
    return this.#offset > 0;
  }

  /** How many bytes of the blob the registry has. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether the blob is sent in chunks, some of which the registry keeps after a lost connection. */
  get isChunked(): boolean {
    return this.#chunkBytes !== undefined;
  }

  /** Sends whole blobs in a PATCH from now on. Returns false if the last attempt was no PUT with the whole blob. */
  switchToPatch(): boolean {
    this.#session.uploadsByPatch ||= this.#hasPutWhole;
    return this.#hasPutWhole;
  }

  /**
   * Starts the upload if it has not started, and sends the rest of the blob. Returns the first error response, or the
   * response that completes the upload.
   * @throws the network's own error, or Failure
   */
  async send(): Promise<HttpResponse> {
    const mounted = this.#location ? undefined : await this.#mountFromAny();
    if (mounted) {
      return mounted;
    }
    if (!this.#location) {
      const url = this.#session.url('blobs/uploads/');
      const started = await this.#session.sendOnce({ method: 'POST', url }, this.#signal);
      // 201: the registry already has the blob
      if (started.status !== 202) {
        return started;
      }
      await discardBody(started);
      this.#location = this.#nextLocation(started);
      this.#offset = 0;
      const minBytes = Number(headerOf(started, 'oci-chunk-min-length') ?? 0);
      if (this.#chunkBytes !== undefined && minBytes > this.#chunkBytes) {
        this.#chunkBytes = minBytes;
      }
    }
    this.#hasPutWhole = this.#offset === 0 && this.#reader.size > 0 && !this.#session.uploadsByPatch && !this.isChunked;
    if (this.#hasPutWhole || this.#reader.size === 0) {
      return await this.#put(this.#location, this.#reader.bodyFrom(0));
    }
    while (this.#offset < this.#reader.size) {
      const end = Math.min(this.#offset + (this.#chunkBytes ?? this.#reader.size), this.#reader.size);
      const patched = await this.#patch(this.#location, end);
      if (patched.status < 200 || patched.status >= 300) {
        return patched;
      }
      await discardBody(patched);
      this.#location = this.#nextLocation(patched);
      this.#offset = end;
    }
    return await this.#put(this.#location);
  }

  /** Tries each repository once. @returns a response that says that the blob is there */
  async #mountFromAny(): Promise<HttpResponse | undefined> {
    const repositories = this.#mountFrom;
    this.#mountFrom = [];
    for (const [index, from] of repositories.entries()) {
      // only the likeliest one is tried without asking, because a refused mount starts an upload
      if (index > 0 && !(await this.#isIn(from))) {
        this.#options.onNotThere?.(from);
        continue;
      }
      const response = await this.#session.mount(this.#reader.digest, from, this.#signal);
      if (response.status === 201) {
        await this.delete();
        this.#isMounted = true;
        return response;
      }
      await discardBody(response);
      if (response.status === 202) {
        this.#options.onNotThere?.(from);
        await this.delete();
        this.#location = this.#nextLocation(response);
        this.#offset = 0;
      }
    }
    return this.#options.isAskedFirst || repositories.length === 0 ? undefined : await this.#findHere();
  }

  /** The response that says that the repository has the blob already. */
  async #findHere(): Promise<HttpResponse | undefined> {
    const response = await this.#query('HEAD', this.#session.url(`blobs/${this.#reader.digest}`));
    if (response?.status !== 200) {
      return undefined;
    }
    await this.delete();
    this.#isMounted = true;
    return response;
  }

  async #isIn(repository: string): Promise<boolean> {
    const url = this.#session.url(`blobs/${this.#reader.digest}`, repository);
    return (await this.#query('HEAD', url))?.status === 200;
  }

  /** Ends the session after the registry has completed the upload. */
  complete(): void {
    this.#location = undefined;
  }

  /**
   * Finds out where to continue after a failed attempt. Returns true if the registry has the whole blob, because only
   * its response was lost.
   * @param shouldRestart start with the first byte again, whatever the registry has.
   */
  async prepareRetry(shouldRestart: boolean): Promise<boolean> {
    this.#refusesChunks ||= shouldRestart && this.isChunked;
    this.#offset = shouldRestart ? 0 : await this.#queryOffset();
    if (this.#offset === 0) {
      await this.delete();
      // a registry that keeps nothing of a request that broke off keeps the requests before it
      this.#chunkBytes =
        !this.#refusesChunks && this.#reader.size > this.#maxChunkBytes ? this.#maxChunkBytes : undefined;
      const response = await this.#query('HEAD', this.#session.url(`blobs/${this.#reader.digest}`));
      if (response?.status === 200) {
        this.#options.onSent(this.#reader.size);
        return true;
      }
    }
    this.#options.onSent(this.#offset);
    return false;
  }

  /** Deletes a started upload, so that the registry does not keep a part of a blob. Ignores errors. */
  async delete(): Promise<void> {
    const location = this.#location;
    this.#location = undefined;
    if (location) {
      await this.#session
        .sendOnce({ method: 'DELETE', url: location }, AbortSignal.timeout(deleteTimeoutMs))
        .then(discardBody)
        .catch(() => {});
    }
  }

  /** Completes the upload, with the whole blob or after the last chunk. */
  async #put(location: URL, body?: HttpBody): Promise<HttpResponse> {
    const url = withDigest(location, this.#reader.digest);
    const content = body && { headers: { 'content-type': 'application/octet-stream' }, body };
    return await this.#session.sendOnce({ method: 'PUT', url, ...content }, this.#signal);
  }

  /** Sends everything from the offset to the end as one chunk. */
  async #patch(location: URL, end: number): Promise<HttpResponse> {
    const contentRange = `${this.#offset}-${end - 1}`;
    return await this.#session.sendOnce(
      {
        method: 'PATCH',
        url: location,
        headers: { 'content-type': 'application/octet-stream', 'content-range': contentRange },
        body: this.#reader.bodyFrom(this.#offset, end),
      },
      this.#signal,
    );
  }

  #nextLocation(response: HttpResponse): URL {
    const location = this.#session.locationOf(response);
    if (!location) {
      throw fail(
        'registry.refused',
        `The registry ${this.#session.registry} started an upload without a Location header.`,
        'Check that it is a registry of the OCI distribution specification, and that no proxy removes the header.',
      );
    }
    return location;
  }

  /**
   * How many bytes of the blob the registry has. 0 if it has none or does not say. Docker's registry answers `0-0` for
   * an empty upload, so a single byte counts as none.
   */
  async #queryOffset(): Promise<number> {
    const response = this.#location && (await this.#query('GET', this.#location));
    if (response?.status === 404) {
      this.#location = undefined;
    }
    const range = /^(?:bytes=)?0-(\d+)$/.exec((response && headerOf(response, 'range')) ?? '');
    const storedBytes = Number(range?.[1] ?? 0) + 1;
    const isSuccess = response !== undefined && response.status >= 200 && response.status < 300;
    if (!isSuccess || storedBytes === 1 || storedBytes > this.#reader.size) {
      return 0;
    }
    this.#location = this.#session.locationOf(response) ?? this.#location;
    return storedBytes;
  }

  /** Sends one request without retries. Undefined after a network error, because the next attempt will show it too. */
  async #query(method: 'GET' | 'HEAD', url: URL): Promise<HttpResponse | undefined> {
    try {
      const response = await this.#session.sendOnce({ method, url, isOptional: true }, this.#signal);
      await discardBody(response);
      return response;
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof Failure) {
        throw error;
      }
      return undefined;
    }
  }
}

/** Adds `digest` to the query of the location. The rest of the query belongs to the registry and must not change. */
function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  url.search = `${location.search === '' ? '?' : `${location.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
