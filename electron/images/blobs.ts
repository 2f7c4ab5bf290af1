import { randomBytes } from 'node:crypto';
import { close, createReadStream, open, read } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, isDigest } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import { systemCode } from '../system/file-errors.ts';
import { BlobWriter } from './blob-writer.ts';
import { digestOf, maxManifestBytes } from './manifest.ts';

/** What one blob may have where nobody says less: 32 GiB. */
const defaultMaxBytes = 32 * 1024 ** 3;

/** The blobs of one OCI layout, by digest. Whoever relies on one holds it with a lease first. */
export class Blobs {
  readonly folder: string;
  readonly #staging: string;

  /** @param staging folder for blobs that are not whole yet, on the same file system as the layout. */
  constructor(layout: string, staging: string) {
    this.folder = join(layout, 'blobs', 'sha256');
    this.#staging = staging;
  }

  pathOf(digest: Digest): string {
    return join(this.folder, digest.slice('sha256:'.length));
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.size(digest)) !== undefined;
  }

  /** Bytes, or undefined where it is not here. */
  async size(digest: Digest): Promise<number | undefined> {
    try {
      const found = await stat(this.pathOf(digest));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  /** The blob's bytes as they are on disk, from byte `start` on. The stream fails with `image.incomplete` where it is missing. */
  read(digest: Digest, options: { readonly start?: number } = {}): Readable {
    return createReadStream(this.pathOf(digest), {
      start: options.start ?? 0,
      highWaterMark: 256 * 1024,
      fs: {
        open: (path: string, flags: string, mode: number, done: (error: Error | null, fd?: number) => void) =>
          open(path, flags, mode, (error, fd) => {
            if (error) {
              done(error.code === 'ENOENT' ? missing(digest) : error);
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
   * All of a small blob (a manifest, a configuration), checked against its digest.
   * @throws Failure `image.incomplete` where it is missing, `image.corrupt` where it is damaged or larger than 4 MiB.
   */
  async readSmall(digest: Digest): Promise<Buffer> {
    const size = await this.size(digest);
    if (size !== undefined && size > maxManifestBytes) {
      throw damaged(digest, `It has ${size} bytes, more than a manifest or configuration can have.`);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(digest)) {
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    const actual = digestOf(bytes);
    if (actual !== digest) {
      throw damaged(digest, `Its ${bytes.length} bytes are ${actual}.`);
    }
    return bytes;
  }

  writer(options: { readonly maxBytes?: number } = {}): BlobWriter {
    return new BlobWriter({
      stagingPath: join(this.#staging, `blob-${randomBytes(8).toString('hex')}`),
      pathOf: (digest) => this.pathOf(digest),
      maxBytes: options.maxBytes ?? defaultMaxBytes,
    });
  }

  /** Writes a small blob that is in memory already. */
  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes);
    const writer = this.writer();
    await writer.write(bytes);
    await writer.finish(digest);
    return digest;
  }

  /** Removes a blob and tells how many bytes that freed. Only for the collector, under the layout's lock. */
  async remove(digest: Digest): Promise<number> {
    const size = (await this.size(digest)) ?? 0;
    await rm(this.pathOf(digest), { force: true });
    return size;
  }

  async digests(): Promise<Digest[]> {
    const names = await readdir(this.folder);
    return names.map((name) => `sha256:${name}`).filter(isDigest);
  }

  async create(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
  }
}

function missing(digest: Digest) {
  return fail('image.incomplete', `The blob ${digest} is not in the image store.`, 'Build the image again.');
}

/** What a blob with other bytes than its name promises is reported as. */
export function damaged(digest: Digest, detail: string) {
  return fail(
    'image.corrupt',
    `The blob ${digest} is damaged on this computer's disk.`,
    'Remove the image and build it again; if it happens again, check the disk.',
    detail,
  );
}
