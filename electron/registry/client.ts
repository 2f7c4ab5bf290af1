/** A client for container registries by the OCI distribution specification, and pushes from the image store. */
import { type Digest, isDigest } from '../../shared/image.ts';
import { digestOf } from '../images/digest.ts';
import { maxManifestBytes, mediaTypes, type RawManifest } from '../images/manifest.ts';
import { type BlobUpload, uploadBlob } from './blob-upload.ts';
import { discardBody, type HttpResponse, headerOf, readBody } from './http.ts';
import { alteredContentFailure } from './response-failures.ts';
import { RegistrySession, type SessionOptions } from './session.ts';

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
  readonly #session: RegistrySession;

  private constructor(session: RegistrySession) {
    this.#session = session;
  }

  static async open(options: SessionOptions): Promise<RegistryClient> {
    return new RegistryClient(await RegistrySession.open(options));
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  /** The manifest of a tag or digest. Its digest is checked. Undefined if it does not exist. */
  async getManifest(tagOrDigest: string): Promise<RawManifest | undefined> {
    const response = await this.#requestManifest('GET', tagOrDigest);
    if (response.status === 404) {
      await discardBody(response);
      return undefined;
    }
    if (response.status !== 200) {
      throw await this.#session.failureOf(response, `the request for the manifest ${tagOrDigest}`);
    }
    const bytes = await readBody(response, maxManifestBytes);
    const digest = digestOf(bytes);
    const expected = isDigest(tagOrDigest) ? tagOrDigest : headerOf(response, 'docker-content-digest');
    if (expected !== undefined && expected !== digest) {
      throw alteredContentFailure(
        `The registry ${this.#session.registry} returned a manifest with the digest ${digest} instead of ${expected}.`,
      );
    }
    return { digest, mediaType: mediaTypeOf(response), bytes };
  }

  /** The digest of the manifest of a tag or digest. Undefined if it does not exist or may not be read. */
  async getManifestDigest(tagOrDigest: string): Promise<Digest | undefined> {
    const response = await this.#requestManifest('HEAD', tagOrDigest);
    await discardBody(response);
    if (response.status === 200) {
      const digest = isDigest(tagOrDigest) ? tagOrDigest : headerOf(response, 'docker-content-digest');
      return digest !== undefined && isDigest(digest) ? digest : (await this.getManifest(tagOrDigest))?.digest;
    }
    // a push may be allowed without permission to read
    if (response.status === 404 || response.status === 403) {
      return undefined;
    }
    return (await this.getManifest(tagOrDigest))?.digest;
  }

  /**
   * Whether the registry lists what describes a manifest by itself. Otherwise a tag has to do it.
   * Source: OCI distribution specification 1.1, "Listing Referrers".
   */
  async hasReferrersApi(digest: Digest): Promise<boolean> {
    const url = this.#session.url(`referrers/${digest}`);
    const response = await this.#session.send({ method: 'GET', url, headers: { accept: mediaTypes.ociIndex } });
    await discardBody(response);
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

  /** Whether a blob exists. False also if it may not be read (403), because an upload may still be allowed. */
  async hasBlob(digest: Digest): Promise<boolean> {
    const response = await this.#session.send({ method: 'HEAD', url: this.#session.url(`blobs/${digest}`) });
    await discardBody(response);
    if (response.status >= 500 || response.status === 408 || response.status === 429) {
      throw await this.#session.failureOf(response, `the request for the blob ${digest}`);
    }
    return response.status === 200;
  }

  async uploadBlob(upload: BlobUpload): Promise<void> {
    await uploadBlob(this.#session, upload);
  }

  /** Waits with back-off after an attempt (counted from 1). */
  async waitBeforeRetry(attempt: number): Promise<void> {
    await this.#session.waitBeforeRetry(attempt, undefined);
  }

  async #requestManifest(method: 'GET' | 'HEAD', tagOrDigest: string): Promise<HttpResponse> {
    const url = this.#session.url(`manifests/${tagOrDigest}`);
    return await this.#session.send({ method, url, headers: { accept: acceptHeader } });
  }
}

function mediaTypeOf(response: HttpResponse): string {
  return headerOf(response, 'content-type')?.split(';')[0]?.trim() ?? '';
}
