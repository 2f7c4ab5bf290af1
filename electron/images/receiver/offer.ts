/** Lets a node read one image of the image store, over the same port that it pushes to. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Digest, isDigest } from '../../../shared/image.ts';
import type { BlobStore } from '../blob-store.ts';
import type { ReceivedImage } from '../manifest.ts';
import { jsonResponse, sendResponse } from './http.ts';
import { ReceiverError } from './receiver-error.ts';

export interface OfferOptions {
  /** It must be stable for each image, because engines remember what they have of a repository. */
  readonly repository: string;
  /** All of its blobs are in the store, and held there until the offer is closed. */
  readonly image: ReceivedImage;
  /** Called with the size of each piece of a blob that is sent. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** Images that a node may read with these credentials, until it is closed. */
export interface Offer {
  readonly username: string;
  readonly password: string;
  close(): void;
}

/** The images of one job, with one login for all of them. */
export class OpenOffer implements Offer {
  readonly username = randomBytes(12).toString('hex');
  readonly password = randomBytes(24).toString('base64url');
  readonly #images: readonly OfferOptions[];
  readonly #onEnd: () => void;

  constructor(images: readonly OfferOptions[], onEnd: (offer: OpenOffer) => void) {
    this.#images = images;
    this.#onEnd = () => onEnd(this);
  }

  /** Compares in constant time. */
  matches(password: string): boolean {
    const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(sha256(password), sha256(this.password));
  }

  /** Whether a request is for one of the images. */
  covers({ url = '' }: IncomingMessage): boolean {
    return this.#find(url) !== undefined;
  }

  close(): void {
    this.#onEnd();
  }

  /**
   * Sends the response to an authenticated request.
   * @throws ReceiverError
   */
  async serve(blobs: BlobStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '', method = '' } = request;
    if (/^\/v2\/?(?:\?|$)/.test(url)) {
      sendResponse(request, response, jsonResponse(200, {}));
      return;
    }
    const found = this.#find(url);
    if (!found || !['GET', 'HEAD'].includes(method)) {
      throw new ReceiverError(403, 'DENIED', 'these credentials only give access to the images of a build');
    }
    const { image, onBytes, kind, name } = found;
    if (!isDigest(name)) {
      throw new ReceiverError(404, 'MANIFEST_UNKNOWN', 'images are offered by their digests');
    }
    const digest = name;
    if (kind === 'manifests') {
      if (digest !== image.digest) {
        throw new ReceiverError(404, 'MANIFEST_UNKNOWN', `manifest ${digest} is not offered`);
      }
      const body = await blobs.readVerified(digest);
      const headers = { 'Content-Type': image.mediaType, 'Docker-Content-Digest': digest };
      sendResponse(request, response, { status: 200, headers, body });
      return;
    }
    const size = partsOf(image).get(digest);
    if (size === undefined) {
      throw new ReceiverError(404, 'BLOB_UNKNOWN', `blob ${digest} is not offered`);
    }
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': size,
      'Docker-Content-Digest': digest,
      'Docker-Distribution-API-Version': 'registry/2.0',
    });
    if (method === 'HEAD') {
      response.end();
      return;
    }
    const stream = blobs.read(digest);
    stream.on('data', (chunk: Buffer) => onBytes?.(chunk.length));
    // the headers are sent, so an error can only be reported by closing the connection
    await pipeline(stream, response).catch(() => response.destroy());
  }

  #find(url: string): (OfferOptions & { readonly kind: 'manifests' | 'blobs'; readonly name: string }) | undefined {
    const [path = ''] = url.split('?', 1);
    const [, repository, kind, name = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    const images = this.#images.filter((each) => each.repository === repository);
    // two images of one layout have the same repository
    const offered = images.find(({ image }) => hasDigest(image, kind, name)) ?? images[0];
    return offered && (kind === 'manifests' || kind === 'blobs') ? { ...offered, kind, name } : undefined;
  }
}

function hasDigest(image: ReceivedImage, kind: string | undefined, name: string): boolean {
  return kind === 'manifests' ? image.digest === name : isDigest(name) && partsOf(image).has(name);
}

function partsOf({ config, layers }: ReceivedImage): ReadonlyMap<Digest, number> {
  return new Map([config, ...layers].map(({ digest, size }) => [digest, size]));
}
