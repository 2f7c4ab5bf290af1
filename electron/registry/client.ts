import { createHash } from 'node:crypto';
import { type Digest, isDigest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { discard, type HttpAnswer, header, readBody } from './http.ts';
import { RegistrySession, type SessionOptions } from './session.ts';
import { type BlobUpload, uploadBlob } from './upload.ts';

/** A manifest or list as a registry keeps it: its exact bytes. */
export interface RemoteManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** What a manifest may be; registries answer with another kind, or 404, where a kind is not asked for. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The largest manifest that registries have to take. Source: OCI distribution specification, "Pushing Manifests". */
const longestManifest = 4 * 1024 * 1024;

/**
 * One repository of one registry. A *tag or digest* names a manifest. Methods fail with the `registry.*` problems, retry what
 * is worth another attempt, and stop with the signal of their session by throwing its reason.
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

  /** The manifest of a tag or digest, its digest checked; undefined where there is none. */
  async manifest(tagOrDigest: string): Promise<RemoteManifest | undefined> {
    const answer = await this.#askManifest('GET', tagOrDigest);
    if (answer.status === 404) {
      await discard(answer);
      return undefined;
    }
    if (answer.status !== 200) {
      throw await this.#session.failure(answer, `the manifest ${tagOrDigest}`);
    }
    const bytes = await readBody(answer, longestManifest);
    const digest = digestOf(bytes);
    const named = isDigest(tagOrDigest) ? tagOrDigest : header(answer, 'docker-content-digest');
    if (named !== undefined && named !== digest) {
      throw fail(
        'registry.refused',
        `The registry ${this.#session.registry} gave out ${digest} as ${named}.`,
        'Something between here and there changes what is sent. Try again; if it stays, ask the registry’s administrator.',
      );
    }
    return { digest, mediaType: header(answer, 'content-type')?.split(';')[0]?.trim() ?? '', bytes };
  }

  /** The digest that a tag points at, or a digest itself where it is there; undefined where we find nothing. */
  async manifestDigest(tagOrDigest: string): Promise<Digest | undefined> {
    const answer = await this.#askManifest('HEAD', tagOrDigest);
    await discard(answer);
    if (answer.status === 200) {
      const digest = isDigest(tagOrDigest) ? tagOrDigest : header(answer, 'docker-content-digest');
      return digest !== undefined && isDigest(digest) ? digest : (await this.manifest(tagOrDigest))?.digest;
    }
    // without the right to look, a push may still be allowed
    if (answer.status === 404 || answer.status === 403) {
      return undefined;
    }
    return (await this.manifest(tagOrDigest))?.digest;
  }

  /** Stores a manifest byte for byte under a tag or its digest. */
  async putManifest(tagOrDigest: string, manifest: RemoteManifest): Promise<void> {
    const what = `the manifest ${tagOrDigest}`;
    const answer = await this.#session.send({
      method: 'PUT',
      url: this.#session.url(`manifests/${tagOrDigest}`),
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
    });
    if (answer.status < 200 || answer.status >= 300) {
      throw await this.#session.failure(answer, what);
    }
    await discard(answer);
    const stored = header(answer, 'docker-content-digest');
    if (stored !== undefined && stored !== manifest.digest) {
      throw fail(
        'registry.refused',
        `The registry ${this.#session.registry} stored ${stored} as ${what}, where ${manifest.digest} was sent.`,
        'Something between here and there changes what is sent. Push again; if it stays, ask the registry’s administrator.',
      );
    }
  }

  /** Is a blob there? "You may not look" (403) counts as no: the upload will tell. */
  async blobExists(digest: Digest): Promise<boolean> {
    const answer = await this.#session.send({ method: 'HEAD', url: this.#session.url(`blobs/${digest}`) });
    await discard(answer);
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) {
      throw await this.#session.failure(answer, `the question for the blob ${digest}`);
    }
    return answer.status === 200;
  }

  async uploadBlob(upload: BlobUpload): Promise<void> {
    await uploadBlob(this.#session, upload);
  }

  /** Waits as after the `attempt`th attempt at anything. */
  async pause(attempt: number): Promise<void> {
    await this.#session.pause(attempt, undefined);
  }

  async #askManifest(method: 'GET' | 'HEAD', tagOrDigest: string): Promise<HttpAnswer> {
    const url = this.#session.url(`manifests/${tagOrDigest}`);
    return await this.#session.send({ method, url, headers: { accept: manifestTypes } });
  }
}

export function digestOf(bytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
