import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Digest } from '../../../shared/image.ts';
import type { Platform } from '../../../shared/platform.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import type { BlobStore } from '../blob-store.ts';
import type { Lease } from '../lease.ts';
import type { BlobSize, Descriptor, ReceivedImage } from '../manifest.ts';
import type { WantedPlatform } from '../platform-match.ts';
import type { Offer } from './offer.ts';
import { ReceiverError } from './receiver-error.ts';
import { Upload } from './upload.ts';

/** The default limit of one push: 64 GiB. */
const defaultMaxBytes = 64 * 1024 ** 3;

/** A limit far above the image, its index and its attachments. */
const maxManifests = 100;

/** A manifest that the node has pushed. */
export interface PushedManifest extends Descriptor {
  readonly hasSubject: boolean;
}

/** A limit far above the five or six blobs that engines send at a time. */
const maxUploads = 64;

export interface AdmitOptions extends WantedPlatform {
  /**
   * The repository that the node pushes to. It must be stable for each project, because engines remember for each
   * repository which layers they have pushed.
   */
  readonly repository: string;
  /** The tag that the node pushes to. It must be unique. */
  readonly tag: string;
  /** Holds every blob that is received or found in the store. The caller releases it after the commit. */
  readonly lease: Lease;
  /** Called with the size of each piece of a blob or manifest that arrives. */
  readonly onBytes: (count: number) => void;
  /** Called with each blob that the node has sent, when it is in the store. */
  readonly onBlob?: (blob: BlobSize) => void;
  /** What the same credentials also give access to: an engine that builds and pushes at once has one login for a registry. */
  readonly offer?: Offer | undefined;
  /** 64 GiB by default. */
  readonly maxBytes?: number;
  /** Ends the admission with the reason of the signal. */
  readonly signal: AbortSignal;
}

/** Permission for a node to push one image of one platform. */
export interface Admission {
  readonly username: string;
  readonly password: string;
  readonly tag: string;
  /**
   * The image, when it is complete in the store and of the right platform. Rejects with a `Failure`: `image.platform`,
   * `image.too-large`, `disk.full`, or `image.incomplete` if it is closed before an image arrived; or with the signal's
   * reason. An unhandled rejection is ignored.
   */
  readonly received: Promise<ReceivedImage>;
  /**
   * The image as the node has pushed it last. docker pushes an image by its tag before it pushes the index that lists it with its
   * attachments.
   */
  readonly image: ReceivedImage | undefined;
  /** Revokes the credentials, ends running requests, and resolves when all incomplete uploads are removed. */
  close(): Promise<void>;
}

/** An admission with what the routes of the receiver need. */
export class OpenAdmission implements Admission {
  readonly repository: string;
  readonly platform: Platform;
  readonly anyVariant: boolean;
  readonly lease: Lease;
  readonly offer: Offer | undefined;
  readonly username = randomBytes(12).toString('hex');
  readonly password = randomBytes(24).toString('base64url');
  readonly tag: string;
  readonly received: Promise<ReceivedImage>;
  image: ReceivedImage | undefined;
  readonly #uploads = new Map<string, Upload>();
  /** The pushed manifests, by tag and by digest. Their bytes are in the store. */
  readonly #manifests = new Map<string, PushedManifest>();
  /** The blobs that the node has sent. What it only found in the store is not among them. */
  readonly #sentBlobs = new Set<Digest>();
  /** Running requests, each with the promise of its work. */
  readonly #requests = new Map<IncomingMessage, Promise<unknown>>();
  readonly #options: AdmitOptions;
  readonly #onEnd: () => void;
  #resolve: (image: ReceivedImage) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  readonly #onAbort: () => void;
  #removal: Promise<unknown> = Promise.resolve();
  readonly #ended = new AbortController();
  #bytes = 0;

  /** @param onEnd called once, when the credentials become invalid. */
  constructor(options: AdmitOptions, onEnd: (admission: OpenAdmission) => void) {
    this.#options = options;
    this.#onEnd = () => onEnd(this);
    this.repository = options.repository;
    this.platform = options.platform;
    this.anyVariant = options.anyVariant ?? false;
    this.lease = options.lease;
    this.offer = options.offer;
    this.tag = options.tag;
    this.received = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.received.catch(() => undefined);
    this.#onAbort = () => this.#end(options.signal.reason);
    if (options.signal.aborted) {
      this.#onAbort();
    } else {
      options.signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  /** Compares in constant time. */
  matches(password: string): boolean {
    const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(sha256(password), sha256(this.password));
  }

  /**
   * Counts received bytes.
   * @throws Failure `image.too-large`, or ReceiverError if the admission has ended.
   */
  countBytes(bytes: number): void {
    this.#assertNotEnded();
    this.#bytes += bytes;
    const maxBytes = this.#options.maxBytes ?? defaultMaxBytes;
    if (this.#bytes > maxBytes) {
      throw fail(
        'image.too-large',
        `The image for ${this.platform} is larger than the limit of ${maxBytes} bytes.`,
        'Make the image smaller: remove files that it does not need.',
      );
    }
    this.#options.onBytes(bytes);
  }

  /** Runs the work of a request. Closing the admission ends the request and waits for its work. */
  async track<T>(request: IncomingMessage, serve: () => Promise<T>): Promise<T> {
    this.#assertNotEnded();
    const work = serve();
    this.#requests.set(request, work);
    try {
      return await work;
    } finally {
      this.#requests.delete(request);
    }
  }

  /** @throws ReceiverError `TOOMANYREQUESTS` */
  startUpload(blobs: BlobStore): Upload {
    if (this.#uploads.size >= maxUploads) {
      throw new ReceiverError(429, 'TOOMANYREQUESTS', `more than ${maxUploads} uploads at the same time`);
    }
    const upload = new Upload({
      writer: blobs.createWriter(),
      lease: this.lease,
      onBytes: (count) => this.countBytes(count),
      onEnd: ({ id }) => this.#uploads.delete(id),
    });
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** @throws ReceiverError `BLOB_UPLOAD_UNKNOWN` */
  findUpload(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (!upload) {
      throw new ReceiverError(404, 'BLOB_UPLOAD_UNKNOWN', 'the upload does not exist; start the blob again');
    }
    return upload;
  }

  addSent(blob: BlobSize): void {
    this.#sentBlobs.add(blob.digest);
    this.#options.onBlob?.(blob);
  }

  /** Whether the node has sent this blob or manifest. */
  hasSent(digest: Digest): boolean {
    return this.#sentBlobs.has(digest) || this.#manifests.has(digest);
  }

  /** Aborts when the admission ends, for any reason. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * @param name the tag or digest that the manifest was pushed by.
   * @throws ReceiverError `TOOMANYREQUESTS`
   */
  addManifest(name: string, manifest: PushedManifest): void {
    if (this.#manifests.size >= maxManifests && !this.#manifests.has(manifest.digest)) {
      throw new ReceiverError(429, 'TOOMANYREQUESTS', `more than ${maxManifests} manifests`);
    }
    this.#manifests.set(name, manifest);
    this.#manifests.set(manifest.digest, manifest);
  }

  /** The pushed manifests that say that they describe another one. */
  get referrers(): PushedManifest[] {
    return [...this.#manifests.values()].filter(({ hasSubject }) => hasSubject);
  }

  /** @throws ReceiverError `MANIFEST_UNKNOWN` */
  findManifest(tagOrDigest: string): PushedManifest {
    const manifest = this.#manifests.get(tagOrDigest);
    if (!manifest) {
      throw new ReceiverError(404, 'MANIFEST_UNKNOWN', `manifest ${tagOrDigest} was not pushed`);
    }
    return manifest;
  }

  /** Resolves `received` with the image that has arrived. */
  finish(): void {
    if (this.image) {
      this.#resolve(this.image);
    }
  }

  /** Ends the admission after an error, unless the node may continue its push. */
  handleError(error: unknown): void {
    if (error instanceof ReceiverError) {
      return;
    }
    // the node may send damaged and missing blobs again
    if (error instanceof Failure && ['image.corrupt', 'image.incomplete'].includes(error.problem.code)) {
      return;
    }
    this.#reject(error);
    this.#revoke();
  }

  async close(): Promise<void> {
    this.#end(
      fail(
        'image.incomplete',
        `The node ended its push without sending an image for ${this.platform}.`,
        'Build it again.',
      ),
    );
    // a running request removes its own upload; uploads between two requests are removed here
    await Promise.allSettled(this.#requests.values());
    await Promise.all([...this.#uploads.values()].map((upload) => upload.abort()));
    await this.#removal;
  }

  #end(reason: unknown): void {
    this.#reject(reason);
    this.#revoke();
    for (const request of this.#requests.keys()) {
      request.destroy();
    }
    const removals = [this.#removal, ...[...this.#uploads.values()].map((upload) => upload.abort())];
    // what cannot be removed now is removed when the store is closed or opened again
    this.#removal = Promise.allSettled(removals);
  }

  #revoke(): void {
    if (!this.#ended.signal.aborted) {
      this.#ended.abort(new ReceiverError(403, 'DENIED', 'this push has ended'));
      this.#options.signal.removeEventListener('abort', this.#onAbort);
      this.#onEnd();
    }
  }

  #assertNotEnded(): void {
    this.#ended.signal.throwIfAborted();
  }
}
