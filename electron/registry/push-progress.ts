import type { Digest } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Push } from '../../shared/push.ts';
import type { BlobSize } from '../images/manifest.ts';

/**
 * The progress of a push in bytes of blobs. The totals count each blob once, even if several images share it; an image
 * counts all of its blobs.
 */
export type PushProgress = Pick<Push, 'totalBytes' | 'uploadedBytes' | 'skippedBytes' | 'images'>;

export interface ProgressImage {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly blobs: readonly BlobSize[];
}

const intervalMs = 100;

/** Adds up the progress of all blobs, and reports it about ten times a second and when a blob is complete. */
export class ProgressTracker {
  readonly #blobs = new Map<Digest, BlobSize>();
  #images: readonly ProgressImage[] = [];
  readonly #onProgress: (progress: PushProgress) => void;
  /** Bytes that the registry has, of each blob. */
  readonly #doneBytes = new Map<Digest, number>();
  readonly #skipped = new Set<Digest>();
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(onProgress: (progress: PushProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** Every blob of the push once. */
  get blobs(): readonly BlobSize[] {
    return [...this.#blobs.values()];
  }

  /** Blobs that belong to no image, or to images that are not complete yet. */
  add(blobs: readonly BlobSize[]): void {
    for (const { digest, size } of blobs) {
      this.#blobs.set(digest, { digest, size });
    }
  }

  setImages(images: readonly ProgressImage[]): void {
    this.#images = images.map((image) => ({ ...image, blobs: unique(image.blobs) }));
    this.add(images.flatMap(({ blobs }) => blobs));
  }

  /** @param bytes of the blob that were sent so far. */
  setSent(digest: Digest, bytes: number): void {
    this.#doneBytes.set(digest, bytes);
    if (performance.now() - this.#reportedAtMs >= intervalMs) {
      this.report();
    }
  }

  setUploaded(blob: BlobSize): void {
    this.#doneBytes.set(blob.digest, blob.size);
    this.report();
  }

  /** The registry already has the blob. */
  setSkipped(blob: BlobSize): void {
    this.#skipped.add(blob.digest);
    this.setUploaded(blob);
  }

  report(): void {
    this.#reportedAtMs = performance.now();
    this.#onProgress(this.progress());
  }

  progress(): PushProgress {
    const { blobs } = this;
    const skipped = blobs.filter(({ digest }) => this.#skipped.has(digest));
    const uploaded = blobs.filter(({ digest }) => !this.#skipped.has(digest));
    return {
      totalBytes: totalSize(blobs),
      uploadedBytes: this.#sumDone(uploaded),
      skippedBytes: this.#sumDone(skipped),
      images: this.#images.map(({ platform, digest, blobs }) => ({
        platform,
        digest,
        totalBytes: totalSize(blobs),
        doneBytes: this.#sumDone(blobs),
      })),
    };
  }

  #sumDone(blobs: readonly BlobSize[]): number {
    return blobs.reduce((sum, { digest }) => sum + (this.#doneBytes.get(digest) ?? 0), 0);
  }
}

function unique(blobs: readonly BlobSize[]): BlobSize[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

function totalSize(blobs: readonly BlobSize[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}
