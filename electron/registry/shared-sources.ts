/** The sources of copies to several destinations: each manifest and each blob is read once. */
import type { Digest } from '../../shared/image.ts';
import { formatImageLocation, type ImageLocation } from '../../shared/image-location.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { BlobSize } from '../images/manifest.ts';
import { abortable } from '../system/abortable.ts';
import type { BlobDownload } from './blob-download.ts';
import { type CopySource, openSource, type SourceOptions } from './copy-source.ts';
import { fetchBlobs } from './pull.ts';

/**
 * Blobs that a destination lacks are in local storage while the copies run, so that the next one does not read them from the registry
 * again. Every user calls {@link release}; then nothing of them stays.
 */
export class SharedSources {
  readonly #store: ImageStore;
  readonly #options: Omit<SourceOptions, 'store' | 'signal'>;
  readonly #ended = new AbortController();
  readonly #sources = new Map<string, Promise<CopySource>>();
  readonly #blobs = new Map<Digest, Promise<void>>();
  #lease: Promise<Lease> | undefined;
  #users: number;

  constructor(store: ImageStore, users: number, options: Omit<SourceOptions, 'store' | 'signal'>) {
    this.#store = store;
    this.#users = users;
    this.#options = options;
  }

  /** @throws Failure `image.*`, `registry.*`; the reason of the signal */
  async open(location: ImageLocation, signal: AbortSignal): Promise<CopySource> {
    const key = formatImageLocation(location);
    const opening =
      this.#sources.get(key) ??
      openSource(location, { ...this.#options, store: this.#store, signal: this.#ended.signal });
    this.#sources.set(key, opening);
    const source = await abortable(signal, opening);
    return { ...source, read: (download) => this.#read(source, download), close: async () => {} };
  }

  /** A user has ended. After the last one, what was read is removed. */
  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) {
      return;
    }
    this.#ended.abort(new Error('the copies have ended'));
    await Promise.allSettled(this.#blobs.values());
    const opened = await Promise.allSettled(this.#sources.values());
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
    if (this.#lease) {
      await (await this.#lease).release();
      await this.#store.collectGarbage().catch(() => undefined);
    }
  }

  async *#read(source: CopySource, download: BlobDownload): AsyncGenerator<Buffer> {
    if (!source.repository) {
      yield* source.read(download);
      return;
    }
    const { digest, offset = 0, signal } = download;
    await abortable(signal, this.#fetch(source, download));
    yield* this.#store.blobs.read(digest, offset > 0 ? { start: offset } : {}) as AsyncIterable<Buffer>;
  }

  #fetch(source: CopySource, { digest, size }: BlobSize): Promise<void> {
    const fetching = this.#blobs.get(digest) ?? this.#fetchOnce(source, { digest, size });
    this.#blobs.set(digest, fetching);
    // the next attempt reads it again
    fetching.catch(() => this.#blobs.delete(digest));
    return fetching;
  }

  async #fetchOnce(source: CopySource, blob: BlobSize): Promise<void> {
    this.#lease ??= this.#store.createLease('copy');
    await (await this.#lease).hold(blob.digest);
    if ((await this.#store.blobs.size(blob.digest)) !== blob.size) {
      await fetchBlobs(this.#store, [blob], (download) => source.read(download), this.#ended.signal);
    }
  }
}
