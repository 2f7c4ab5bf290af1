import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Platform, platformParts } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Lease } from './lease.ts';
import type { ReceivedImage } from './manifest.ts';
import { RegistryError } from './registry-error.ts';
import type { Upload } from './upload.ts';

/** What one push may bring where nobody says less: 64 GiB. */
const defaultMaxBytes = 64 * 1024 ** 3;

export interface AdmitOptions {
  /** The repository that the node pushes to. Keep it stable per project: engines remember per repository what they sent. */
  readonly repository: string;
  readonly platform: Platform;
  /** Holds everything that is received or relied on. Released by its owner, after the commit. */
  readonly lease: Lease;
  /** Called with the size of each piece of a blob or manifest that arrives. */
  readonly onBytes: (count: number) => void;
  readonly maxBytes?: number;
  /** Ends the admission with its reason. */
  readonly signal: AbortSignal;
}

/** One image of one platform that a node may push now. */
export interface Admission {
  readonly username: string;
  readonly password: string;
  readonly tag: string;
  /**
   * The image, once it is whole in the store and of the right platform. Rejects with a `Failure`: `image.platform`,
   * `image.too-large`, `disk.full`, or `image.incomplete` when it is closed before an image came; or with the signal's reason.
   * A rejection that nobody waits for is ignored.
   */
  readonly received: Promise<ReceivedImage>;
  /** Makes the credential void, ends requests under way, and resolves when nothing unfinished is left. */
  close(): Promise<void>;
}

export interface StoredManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

/** An admission as the receiver sees it. */
export class OpenAdmission implements Admission {
  readonly repository: string;
  readonly platform: Platform;
  readonly lease: Lease;
  readonly username = randomBytes(12).toString('hex');
  readonly password = randomBytes(24).toString('base64url');
  readonly tag: string;
  readonly received: Promise<ReceivedImage>;
  readonly uploads = new Map<string, Upload>();
  /** What was pushed, by tag and by digest. */
  readonly manifests = new Map<string, StoredManifest>();
  /** Requests under way, each with the end of its work. */
  readonly #requests = new Map<IncomingMessage, Promise<unknown>>();
  readonly #options: AdmitOptions;
  readonly #onEnd: () => void;
  #resolve: (image: ReceivedImage) => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  readonly #onAbort: () => void;
  #removal: Promise<unknown> = Promise.resolve();
  #bytes = 0;
  #ended = false;

  /** @param onEnd called once, when the credential stops being good. */
  constructor(options: AdmitOptions, onEnd: (admission: OpenAdmission) => void) {
    this.#options = options;
    this.#onEnd = () => onEnd(this);
    this.repository = options.repository;
    this.platform = options.platform;
    this.lease = options.lease;
    // a tag of its own, since docker names the image on the node by it and another build may do the same at this moment
    this.tag = `${Object.values(platformParts(options.platform)).join('-')}-${randomBytes(4).toString('hex')}`;
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

  /** Compares in a time that tells nothing about the password. */
  matches(password: string): boolean {
    const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(password), digest(this.password));
  }

  /** Counts bytes that have arrived. Throws where they are too many or nobody wants them any more. */
  count(bytes: number): void {
    if (this.#ended) {
      throw new RegistryError(403, 'DENIED', 'this push has ended');
    }
    this.#bytes += bytes;
    const maxBytes = this.#options.maxBytes ?? defaultMaxBytes;
    if (this.#bytes > maxBytes) {
      throw fail(
        'image.too-large',
        `The image for ${this.platform} is larger than the ${maxBytes} bytes that are allowed.`,
        'Make the image smaller: leave out what it does not need.',
      );
    }
    this.#options.onBytes(bytes);
  }

  /** Keeps a request of this admission so that closing ends it. */
  async during<T>(request: IncomingMessage, serve: () => Promise<T>): Promise<T> {
    if (this.#ended) {
      throw new RegistryError(403, 'DENIED', 'this push has ended');
    }
    const work = serve();
    this.#requests.set(request, work);
    try {
      return await work;
    } finally {
      this.#requests.delete(request);
    }
  }

  complete(image: ReceivedImage): void {
    this.#resolve(image);
  }

  /** Ends the admission where an error makes every further request of the node useless. */
  judge(error: unknown): void {
    if (error instanceof RegistryError) {
      return;
    }
    // damaged and missing blobs are the node's to send again
    if (error instanceof Failure && ['image.corrupt', 'image.incomplete'].includes(error.problem.code)) {
      return;
    }
    this.#reject(error);
    this.#void();
  }

  async close(): Promise<void> {
    this.#end(
      fail(
        'image.incomplete',
        `The node ended its push without sending an image for ${this.platform}.`,
        'Build it again.',
      ),
    );
    // what a request still writes is its own to remove; what no request writes is removed here
    await Promise.allSettled(this.#requests.values());
    await Promise.all([...this.uploads.values()].map((upload) => upload.abort()));
    await this.#removal;
  }

  #end(reason: unknown): void {
    this.#reject(reason);
    this.#void();
    for (const request of this.#requests.keys()) {
      request.destroy();
    }
    const removals = [this.#removal, ...[...this.uploads.values()].map((upload) => upload.abort())];
    // what cannot be removed now is removed when the store is closed or opened next
    this.#removal = Promise.allSettled(removals);
  }

  #void(): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#options.signal.removeEventListener('abort', this.#onAbort);
      this.#onEnd();
    }
  }
}
