/** A client for container registries by the OCI distribution specification, and pushes from the image store. */
import { createHash } from 'node:crypto';
import { type Digest, isDigest } from '../../shared/image.ts';
import { Failure } from '../../shared/problem.ts';
import { digestOf, digestOfHash } from '../images/digest.ts';
import { type Descriptor, maxManifestBytes, mediaTypes, type RawManifest } from '../images/manifest.ts';
import { type BlobDownload, downloadBlob } from './blob-download.ts';
import { type BlobUpload, uploadBlob } from './blob-upload.ts';
import { discardBody, type HttpResponse, headerOf } from './http.ts';
import { openFirst, pullSources } from './pull-sources.ts';
import { readReferrers, readTags } from './referrers.ts';
import { alteredContentFailure } from './response-failures.ts';
import type { RegistrySession, SessionOptions } from './session.ts';

/** The accepted media types. A registry may convert a manifest to an accepted type, or answer 404. */
const acceptHeader = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
].join(', ');

/**
 * One repository of one registry. All methods retry after transient errors.
 * @throws Failure `registry.*`; the reason of the session's signal
 */
export class RegistryClient {
  #session: RegistrySession;
  /** Where else it may be read from. */
  #others: readonly SessionOptions[];
  /** Something was read: what belongs to it is read from other sources only by its digest, which is checked. */
  #isChosen = false;
  /** The next source, once something was missing here. */
  #next: Promise<RegistryClient> | undefined;

  private constructor(session: RegistrySession, others: readonly SessionOptions[]) {
    this.#session = session;
    this.#others = others;
  }

  /** What is only read comes from the first mirror that has it, otherwise from the registry. */
  static async open(options: SessionOptions): Promise<RegistryClient> {
    const [first, ...others] = await pullSources(options);
    const opened = await openFirst(first, others);
    return new RegistryClient(opened.session, opened.others);
  }

  async close(): Promise<void> {
    const next = await this.#next?.catch(() => undefined);
    await Promise.all([this.#session.close(), next?.close()]);
  }

  /** The manifest of a tag or digest. Its digest is checked. Undefined if it does not exist. */
  async getManifest(tagOrDigest: string): Promise<RawManifest | undefined> {
    if (!this.#isChosen || !isDigest(tagOrDigest)) {
      return this.#fromSources(() => this.#getManifest(tagOrDigest));
    }
    const found = await this.#getManifest(tagOrDigest).catch((error: unknown) => this.#throwIfLast(error));
    return found ?? (await this.#openNext())?.getManifest(tagOrDigest);
  }

  async #getManifest(tagOrDigest: string): Promise<RawManifest | undefined> {
    const { response, bytes } = await this.#readManifest(tagOrDigest);
    if (response.status === 404) {
      await discardBody(response);
      return undefined;
    }
    return await this.#checkManifest(response, bytes, tagOrDigest);
  }

  /** The digest of the manifest of a tag or digest. Undefined if it does not exist. */
  getManifestDigest(tagOrDigest: string): Promise<Digest | 'unreadable' | undefined> {
    return this.#fromSources(() => this.#getManifestDigest(tagOrDigest));
  }

  async #getManifestDigest(tagOrDigest: string): Promise<Digest | 'unreadable' | undefined> {
    const head = await this.#session.send({ method: 'HEAD', ...this.#manifestRequest(tagOrDigest, true) });
    await discardBody(head);
    const known = isDigest(tagOrDigest) ? tagOrDigest : headerOf(head, 'docker-content-digest');
    if (head.status === 200 && known !== undefined && isDigest(known)) {
      return known;
    }
    if (head.status === 404 || isUnreadable(head)) {
      return head.status === 404 ? undefined : 'unreadable';
    }
    // some registries do not know HEAD for manifests, and some do not send the digest
    const { response, bytes } = await this.#readManifest(tagOrDigest, true);
    if (response.status === 404 || isUnreadable(response)) {
      await discardBody(response);
      return response.status === 404 ? undefined : 'unreadable';
    }
    return (await this.#checkManifest(response, bytes, tagOrDigest)).digest;
  }

  /**
   * Whether the registry lists what describes a manifest by itself. Otherwise a tag has to do it. True if the list may not
   * be read: then that tag may not be read either, which a push has to merge with its own.
   * Source: OCI distribution specification 1.1, "Listing Referrers".
   */
  async hasReferrersApi(digest: Digest): Promise<boolean> {
    const url = this.#session.url(`referrers/${digest}`);
    const headers = { accept: mediaTypes.ociIndex };
    const response = await this.#session.send({ method: 'GET', url, headers, isOptional: true });
    await discardBody(response);
    if (isUnreadable(response)) {
      return true;
    }
    return response.status === 200 && mediaTypeOf(response) === mediaTypes.ociIndex;
  }

  /** Stores the exact bytes of a manifest under a tag or its digest. */
  async putManifest(tagOrDigest: string, manifest: RawManifest): Promise<void> {
    const response = await this.#session.send({
      method: 'PUT',
      url: this.#session.url(`manifests/${tagOrDigest}`),
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
    });
    if (response.status < 200 || response.status >= 300) {
      throw await this.#session.failureOf(response, `the upload of the manifest ${tagOrDigest}`);
    }
    await discardBody(response);
    const storedDigest = headerOf(response, 'docker-content-digest');
    if (storedDigest !== undefined && storedDigest !== manifest.digest) {
      throw alteredContentFailure(
        `The registry ${this.#session.registry} stored the manifest ${tagOrDigest} with the digest ${storedDigest} instead of ${manifest.digest}.`,
      );
    }
  }

  /** Whether a blob exists. False also if it may not be read, because an upload may still be allowed. */
  async hasBlob(digest: Digest): Promise<boolean> {
    const url = this.#session.url(`blobs/${digest}`);
    const response = await this.#session.send({ method: 'HEAD', url, isOptional: true });
    await discardBody(response);
    if (response.status >= 500 || response.status === 408 || response.status === 429) {
      throw await this.#session.failureOf(response, `the request for the blob ${digest}`);
    }
    return response.status === 200;
  }

  /** The bytes of a small blob, such as a configuration. Their digest is checked. Undefined if it does not exist. */
  async getBlob(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const url = this.#session.url(`blobs/${digest}`);
    const { response, bytes } = await this.#session.read({ method: 'GET', url }, maxBytes);
    if (response.status === 404) {
      await discardBody(response);
      return undefined;
    }
    if (response.status !== 200) {
      throw await this.#session.failureOf(response, `the request for the blob ${digest}`);
    }
    const actual = digestOf(bytes);
    if (actual !== digest) {
      throw alteredContentFailure(
        `The registry ${this.#session.registry} returned a blob with the digest ${actual} instead of ${digest}.`,
      );
    }
    return bytes;
  }

  /** See {@link downloadBlob}. Where a source does not go on, the next one does. */
  async *readBlob(download: BlobDownload): AsyncGenerator<Buffer> {
    const { digest, offset = 0 } = download;
    const hash = offset === 0 && this.#others.length > 0 ? createHash('sha256') : undefined;
    let position = offset;
    try {
      for await (const chunk of downloadBlob(this.#session, download)) {
        position += chunk.length;
        hash?.update(chunk);
        yield chunk;
      }
      return;
    } catch (error) {
      download.signal.throwIfAborted();
      this.#throwIfLast(error);
    }
    for await (const chunk of (await this.#openNext())?.readBlob({ ...download, offset: position }) ?? []) {
      hash?.update(chunk);
      yield chunk;
    }
    if (hash && position > 0 && digestOfHash(hash) !== digest) {
      throw alteredContentFailure(`The sources of ${this.#session.registry} returned a blob that is not ${digest}.`);
    }
  }

  /** What describes a manifest, such as signatures: its descriptors, with their own digests. */
  async getReferrers(digest: Digest): Promise<readonly Descriptor[]> {
    return await readReferrers(this.#session, digest, (tag) => this.getManifest(tag));
  }

  /** All tags of the repository. */
  async listTags(): Promise<string[]> {
    return await readTags(this.#session);
  }

  /** Removes a tag, where the registry does that. @returns whether the tag is not there any more */
  async deleteTag(tag: string, timeoutMs: number): Promise<boolean> {
    const url = this.#session.url(`manifests/${tag}`);
    // not with the signal of the session: a push that was cancelled removes its tags
    const request = { method: 'DELETE', url, isOptional: true } as const;
    const response = await this.#session.send(request, AbortSignal.timeout(timeoutMs));
    await discardBody(response);
    return (response.status >= 200 && response.status < 300) || response.status === 404;
  }

  /**
   * Deletes a tag, or by digest a manifest with all of its tags.
   * @returns false if the registry does not delete such a thing
   */
  async deleteManifest(tagOrDigest: string): Promise<boolean> {
    const url = this.#session.url(`manifests/${tagOrDigest}`);
    const response = await this.#session.send({ method: 'DELETE', url });
    const isDone = (response.status >= 200 && response.status < 300) || response.status === 404;
    // distribution's registry calls a tag an invalid digest
    if (!isDone && ![400, 405, 501].includes(response.status)) {
      throw await this.#session.failureOf(response, `the request to delete ${tagOrDigest}`);
    }
    await discardBody(response);
    return isDone;
  }

  /** Gets a token if the registry requires one. */
  async signIn(): Promise<void> {
    await this.#session.signIn();
  }

  /** Asks for permission to read other repositories of the registry, too. */
  alsoRead(repositories: readonly string[]): void {
    this.#session.alsoRead(repositories);
  }

  /** Uploads a blob that does not exist. Returns whether it was mounted from another repository instead. */
  async uploadBlob(upload: BlobUpload): Promise<boolean> {
    return await uploadBlob(this.#session, upload);
  }

  /** Waits with back-off after an attempt (counted from 1). */
  async waitBeforeRetry(attempt: number): Promise<void> {
    await this.#session.waitBeforeRetry(attempt, undefined);
  }

  /** Reads from the first source that has it. From then on, everything else comes from there, if it has it. */
  async #fromSources<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    for (;;) {
      if (this.#isChosen) {
        return read();
      }
      const found = await read().catch((error: unknown) => this.#throwIfLast(error));
      const [next, ...others] = this.#others;
      if (found !== undefined || next === undefined) {
        this.#isChosen = true;
        return found;
      }
      await this.#session.close();
      const opened = await openFirst(next, others);
      this.#session = opened.session;
      this.#others = opened.others;
    }
  }

  /** @throws the error, unless another source may do better */
  #throwIfLast(error: unknown): undefined {
    if (this.#others.length === 0 || !(error instanceof Failure)) {
      throw error;
    }
  }

  /** Undefined if there is none. */
  async #openNext(): Promise<RegistryClient | undefined> {
    const [next, ...others] = this.#others;
    if (next === undefined) {
      return undefined;
    }
    this.#next ??= openFirst(next, others).then((opened) => {
      const client = new RegistryClient(opened.session, opened.others);
      client.#isChosen = true;
      return client;
    });
    return this.#next;
  }

  async #checkManifest(response: HttpResponse, bytes: Buffer, tagOrDigest: string): Promise<RawManifest> {
    if (response.status !== 200) {
      throw await this.#session.failureOf(response, `the request for the manifest ${tagOrDigest}`);
    }
    const digest = digestOf(bytes);
    const expected = isDigest(tagOrDigest) ? tagOrDigest : headerOf(response, 'docker-content-digest');
    if (expected !== undefined && expected !== digest) {
      throw alteredContentFailure(
        `The registry ${this.#session.registry} returned a manifest with the digest ${digest} instead of ${expected}.`,
      );
    }
    return { digest, mediaType: mediaTypeOf(response), bytes };
  }

  #readManifest(tagOrDigest: string, isOptional = false) {
    return this.#session.read({ method: 'GET', ...this.#manifestRequest(tagOrDigest, isOptional) }, maxManifestBytes);
  }

  #manifestRequest(tagOrDigest: string, isOptional: boolean) {
    return { url: this.#session.url(`manifests/${tagOrDigest}`), headers: { accept: acceptHeader }, isOptional };
  }
}

/** A push may be allowed without permission to read. */
function isUnreadable(response: HttpResponse): boolean {
  return response.status === 401 || response.status === 403;
}

function mediaTypeOf(response: HttpResponse): string {
  return headerOf(response, 'content-type')?.split(';')[0]?.trim() ?? '';
}
