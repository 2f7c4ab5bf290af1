import type { Push } from '../../shared/contract.ts';
import type { Digest } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';

/** How far a push is. Bytes count blobs, each once however many images have it; an image counts all the blobs it has. */
export type PublishProgress = Pick<Push, 'totalBytes' | 'uploadedBytes' | 'skippedBytes' | 'images'>;

export interface TallyImage {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
}

const intervalMs = 100;

/** Adds up what has arrived and tells it about ten times a second, and at once when a blob is complete. */
export class Tally {
  /** Every blob of the push once, the largest first. */
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly #images: readonly TallyImage[];
  readonly #tell: (progress: PublishProgress) => void;
  readonly #done = new Map<Digest, number>();
  readonly #skipped = new Set<Digest>();
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(images: readonly TallyImage[], tell: (progress: PublishProgress) => void) {
    this.#images = images.map((image) => ({ ...image, blobs: unique(image.blobs) }));
    this.blobs = unique(images.flatMap((image) => image.blobs)).sort((a, b) => b.size - a.size);
    this.#tell = tell;
  }

  sent(digest: Digest, bytes: number): void {
    this.#done.set(digest, bytes);
    if (performance.now() - this.#toldAt >= intervalMs) {
      this.tell();
    }
  }

  arrived(blob: { readonly digest: Digest; readonly size: number }): void {
    this.#done.set(blob.digest, blob.size);
    this.tell();
  }

  skipped(blob: { readonly digest: Digest; readonly size: number }): void {
    this.#skipped.add(blob.digest);
    this.arrived(blob);
  }

  tell(): void {
    this.#toldAt = performance.now();
    this.#tell(this.progress());
  }

  progress(): PublishProgress {
    const skipped = this.blobs.filter(({ digest }) => this.#skipped.has(digest));
    const uploaded = this.blobs.filter(({ digest }) => !this.#skipped.has(digest));
    return {
      totalBytes: sizeOf(this.blobs),
      uploadedBytes: this.#doneOf(uploaded),
      skippedBytes: this.#doneOf(skipped),
      images: this.#images.map(({ platform, digest, blobs }) => ({
        platform,
        digest,
        totalBytes: sizeOf(blobs),
        doneBytes: this.#doneOf(blobs),
      })),
    };
  }

  #doneOf(blobs: readonly { readonly digest: Digest }[]): number {
    return blobs.reduce((sum, { digest }) => sum + (this.#done.get(digest) ?? 0), 0);
  }
}

function unique<T extends { readonly digest: Digest }>(blobs: readonly T[]): T[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

function sizeOf(blobs: readonly { readonly size: number }[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
