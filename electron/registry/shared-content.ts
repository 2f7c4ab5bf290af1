import type { PushCompression } from '../../shared/push.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { PushContent } from './push.ts';

type Content = PushContent & { readonly leftOut: number };

/** What several pushes send: read and compressed once, and held until the last of them has ended. */
export class SharedContent {
  readonly #store: ImageStore;
  readonly #reference: string;
  readonly #compression: PushCompression | undefined;
  readonly #onProgress: (progress: { readonly doneBytes: number; readonly totalBytes: number } | undefined) => void;
  readonly #users = new Set<object>();
  readonly #controller = new AbortController();
  #lease: Lease | undefined;
  #reading: Promise<Content> | undefined;

  constructor(
    store: ImageStore,
    reference: string,
    compression: PushCompression | undefined,
    onProgress: (progress: { readonly doneBytes: number; readonly totalBytes: number } | undefined) => void,
  ) {
    this.#store = store;
    this.#reference = reference;
    this.#compression = compression;
    this.#onProgress = onProgress;
  }

  use(user: object): void {
    this.#users.add(user);
  }

  /** @throws Failure `image.*`, `disk.full` */
  read(): Promise<Content> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /** The last user ends the work, and gives up the blobs. */
  async release(user: object): Promise<void> {
    this.#users.delete(user);
    if (this.#users.size === 0) {
      this.#controller.abort(new Error('no push needs the content any more'));
      await this.#reading?.catch(() => undefined);
      await this.#lease?.release();
      this.#lease = undefined;
    }
  }

  async #read(): Promise<Content> {
    const { stored, lease } = await this.#store.leaseList(this.#reference);
    this.#lease = lease;
    if (!this.#compression) {
      return { ...stored, leftOut: 0 };
    }
    const { recompress } = await import('./recompress.ts');
    try {
      return await recompress(stored, {
        compression: this.#compression,
        blobs: this.#store.blobs,
        lease,
        onProgress: this.#onProgress,
        signal: this.#controller.signal,
      });
    } finally {
      this.#onProgress(undefined);
    }
  }
}
