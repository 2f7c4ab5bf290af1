import { createHash, randomBytes } from 'node:crypto';
import { close, createReadStream, open, read } from 'node:fs';
import { mkdir, open as openFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, isDigest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import { BlobWriter } from './blob-writer.ts';
import { digestOf, digestOfHash } from './digest.ts';
import { type BlobSize, maxManifestBytes } from './manifest.ts';

/** The default limit of one blob: 32 GiB. */
const defaultMaxBytes = 32 * 1024 ** 3;

/** Bytes of a blob that are read at once. */
const maxReadBytes = 1024 * 1024;
const minReadBytes = 16 * 1024;

export interface ReadOptions {
  /** The first byte, 0 by default. */
  readonly start?: number;
  readonly size?: number;
}

/** The blobs of one OCI layout, by digest. Hold a blob with a lease before you rely on it. */
export class BlobStore {
  readonly folder: string;
  readonly #layoutFolder: string;
  readonly #stagingFolder: string;

  /** @param stagingFolder the folder for incomplete blobs, on the same file system as the layout. */
  constructor(layoutFolder: string, stagingFolder: string) {
    this.folder = join(layoutFolder, 'blobs', 'sha256');
    this.#layoutFolder = layoutFolder;
    this.#stagingFolder = stagingFolder;
  }

  pathOf(digest: Digest): string {
    return join(this.folder, digest.slice('sha256:'.length));
  }

  /** The file for what is known of the programs in a layer. It is removed with the blob. */
  programsPathOf(digest: Digest): string {
    return join(`${this.#layoutFolder}.programs`, `${digest.slice('sha256:'.length)}.json`);
  }

  /** The file for what is known of the files in a layer. It is removed with the blob. */
  filesPathOf(digest: Digest): string {
    return join(`${this.#layoutFolder}.files`, `${digest.slice('sha256:'.length)}.gz`);
  }

  /** The file for what a layer says of packages. It is removed with the blob. */
  packagesPathOf(digest: Digest): string {
    return join(`${this.#layoutFolder}.programs`, `${digest.slice('sha256:'.length)}.packages.gz`);
  }

  /** @throws Failure `image.incomplete` */
  async assertThere(digest: Digest): Promise<void> {
    if (!(await this.has(digest))) {
      throw missingBlobFailure(digest);
    }
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** Bytes, or undefined if the blob does not exist. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      const stats = await stat(this.pathOf(digest));
      return stats.isFile() ? stats.size : undefined;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * @param subject what consists of the blobs, as the beginning of a sentence.
   * @throws Failure `image.incomplete` with the blobs that are missing or have another size.
   */
  async assertPresent(descriptors: readonly BlobSize[], subject: string): Promise<void> {
    const missing: string[] = [];
    for (const { digest, size } of descriptors) {
      const actual = await this.size(digest);
      if (actual !== size) {
        missing.push(`${digest}: ${actual === undefined ? 'missing' : `has ${actual} bytes`}, should have ${size}`);
      }
    }
    if (missing.length > 0) {
      throw fail(
        'image.incomplete',
        `${subject} is incomplete: ${missing.length} of its ${descriptors.length} blobs are missing from local storage.`,
        'Build it again.',
        missing.join('\n'),
      );
    }
  }

  /**
   * The bytes of a blob from byte `start` on (0 by default), as they are on the disk. The digest is not checked.
   * The stream fails with `image.incomplete` if the blob does not exist.
   * @param size of the blob, as far as it is known: a small one needs no large buffer
   */
  read(digest: Digest, { start = 0, size = maxReadBytes }: ReadOptions = {}): Readable {
    return createReadStream(this.pathOf(digest), {
      start,
      highWaterMark: Math.min(maxReadBytes, Math.max(minReadBytes, size)),
      fs: {
        open: (path: string, flags: string, mode: number, done: (error: Error | null, fd?: number) => void) =>
          open(path, flags, mode, (error, fd) => {
            if (error) {
              done(error.code === 'ENOENT' ? missingBlobFailure(digest) : error);
            } else {
              done(null, fd);
            }
          }),
        read,
        close,
      },
    });
  }

  /**
   * Reads a whole manifest or configuration and checks its digest.
   * @throws Failure `image.incomplete` if it does not exist, `image.corrupt` if it is damaged or larger than 4 MiB.
   */
  async readVerified(digest: Digest): Promise<Buffer> {
    return this.readWhole(digest, maxManifestBytes);
  }

  /** Reads a whole blob and checks its digest. @throws Failure like {@link readVerified}, also if it is larger than the limit */
  async readWhole(digest: Digest, maxBytes: number): Promise<Buffer> {
    const file = await openFile(this.pathOf(digest)).catch((error: unknown) => {
      throw errnoCode(error) === 'ENOENT' ? missingBlobFailure(digest) : error;
    });
    let bytes: Buffer;
    try {
      const { size } = await file.stat();
      if (size > maxBytes) {
        throw corruptBlobFailure(digest, `It has ${size} bytes, more than the limit of ${maxBytes}.`);
      }
      // not as a stream: its buffers of a megabyte for a kilobyte make V8 collect garbage several times a build
      bytes = await file.readFile();
    } finally {
      await file.close();
    }
    const actual = digestOf(bytes);
    if (actual !== digest) {
      throw corruptBlobFailure(digest, `Its ${bytes.length} bytes have the digest ${actual}.`);
    }
    return bytes;
  }

  /**
   * The digest of the bytes of a blob, as they are on the disk.
   * @throws Failure `image.incomplete` if it does not exist; the reason of the signal
   */
  async computeDigest(
    digest: Digest,
    { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (count: number) => void } = {},
  ): Promise<Digest> {
    const hash = createHash('sha256');
    for await (const chunk of this.read(digest)) {
      signal?.throwIfAborted();
      hash.update(chunk);
      onBytes?.(chunk.length);
    }
    return digestOfHash(hash);
  }

  createWriter(options: { readonly maxBytes?: number } = {}): BlobWriter {
    return new BlobWriter({
      stagingPath: join(this.#stagingFolder, `blob-${randomBytes(8).toString('hex')}`),
      pathOf: (digest) => this.pathOf(digest),
      maxBytes: options.maxBytes ?? defaultMaxBytes,
    });
  }

  /** Writes a small blob from memory. */
  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    const writer = this.createWriter();
    await writer.write(bytes);
    await writer.finish(digest);
    return digest;
  }

  /** Whether a blob is there and has not been damaged. */
  async hasContent(digest: Digest, bytes: Uint8Array): Promise<boolean> {
    return (await this.size(digest)) === bytes.length && (await readFile(this.pathOf(digest))).equals(bytes);
  }

  /** Removes a blob and returns the freed bytes. Only garbage collection may call it, under the lock of the layout. */
  async remove(digest: Digest): Promise<number> {
    const size = (await this.size(digest)) ?? 0;
    await rm(this.pathOf(digest), { force: true });
    await rm(this.programsPathOf(digest), { force: true });
    await rm(this.packagesPathOf(digest), { force: true });
    await rm(this.filesPathOf(digest), { force: true });
    return size;
  }

  /**
   * Moves a damaged blob away, so that another one can take its place. What is not moved back is removed by the caller, or when
   * this process has ended.
   */
  async setAside(digest: Digest): Promise<{ readonly path: string; back(): Promise<void> }> {
    const path = join(this.#stagingFolder, `damaged-${randomBytes(8).toString('hex')}`);
    await rename(this.pathOf(digest), path);
    await rm(this.programsPathOf(digest), { force: true });
    await rm(this.filesPathOf(digest), { force: true });
    return { path, back: () => rename(path, this.pathOf(digest)) };
  }

  async listDigests(): Promise<Digest[]> {
    const names = await readdir(this.folder);
    return names.map((name) => `sha256:${name}`).filter(isDigest);
  }

  async createFolder(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }
}

function missingBlobFailure(digest: Digest) {
  return fail('image.incomplete', `The blob ${digest} is missing from local storage.`, 'Build the image again.');
}

/** The failure for a stored blob whose bytes do not match its digest. */
export function corruptBlobFailure(digest: Digest, detail: string) {
  return fail(
    'image.corrupt',
    `The blob ${digest} in local storage is damaged.`,
    'Remove the image and build it again. If this happens again, check the disk.',
    detail,
  );
}
