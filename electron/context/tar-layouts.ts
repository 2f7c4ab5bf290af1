/**
 * The layouts of the tars that nodes keep, in a folder of the data folder: with them, only what has changed since then is sent to
 * a node. They only say what is worth reusing. Whether a tar is right is decided by the digest of the whole.
 */
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import type { TarLayout } from './context-source.ts';

/** How many layouts are kept, and their size together in bytes. A file of the context takes about 45 bytes. */
const limits = { count: 64, bytes: 64 * 1024 * 1024 } as const;

/** A part of a digest is enough to find what is the same. */
const digestLength = 32;

const { version } = dataFormats.tarLayouts;

/** The digests follow each other without gaps. An object for each entry takes ten times as long to read. */
export const layoutSchema = z
  .object({ version: z.literal(version), lengths: z.array(z.number().int().positive()), digests: z.string() })
  .refine(({ lengths, digests }) => digests.length === lengths.length * digestLength);

/** The entries of a tar in their order, with shortened digests. */
export type StoredLayout = readonly { readonly length: number; readonly digest: string }[];

export class TarLayouts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param digest of the tar, in hex. @returns undefined if the layout is not known */
  async find(digest: string): Promise<StoredLayout | undefined> {
    if (!/^[0-9a-f]{64,128}$/.test(digest)) {
      return undefined;
    }
    const path = this.#path(digest);
    try {
      const { lengths, digests } = layoutSchema.parse(JSON.parse(await readFile(path, 'utf8')));
      await utimes(path, new Date(), new Date()).catch(() => undefined);
      return lengths.map((length, index) => ({
        length,
        digest: digests.slice(index * digestLength, (index + 1) * digestLength),
      }));
    } catch {
      return undefined;
    }
  }

  /** Never rejects: without it, the next build sends more. */
  async save(digest: string, { entries }: TarLayout): Promise<void> {
    try {
      const path = this.#path(digest);
      if (await stat(path).catch(() => undefined)) {
        await utimes(path, new Date(), new Date());
        return;
      }
      await makePrivateFolder(this.#folder);
      const lengths = entries.map(({ length }) => length);
      const digests = entries.map(({ digest }) => shortDigest(digest)).join('');
      const stored: z.input<typeof layoutSchema> = { version, lengths, digests };
      await writeFileAtomic(path, JSON.stringify(stored), { mode: 0o600 });
      await this.#removeOldest();
    } catch {
      // the disk is full or the folder not writable, which what matters reports
    }
  }

  async #removeOldest(): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.#folder)).map(async (name) => {
        const path = join(this.#folder, name);
        const { mtimeMs = 0, size = 0 } = (await stat(path).catch(() => undefined)) ?? {};
        return { path, mtimeMs, size };
      }),
    );
    let bytes = 0;
    for (const [index, { path, size }] of files.sort((one, other) => other.mtimeMs - one.mtimeMs).entries()) {
      bytes += size;
      if (index >= limits.count || bytes > limits.bytes) {
        await rm(path, { force: true });
      }
    }
  }

  #path(digest: string): string {
    return join(this.#folder, `${digest}.json`);
  }
}

export function shortDigest(digest: string): string {
  return digest.slice(0, digestLength);
}
