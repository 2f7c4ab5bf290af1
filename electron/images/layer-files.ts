/** Which files a layer has. It is read once; what is found is kept beside the layout, by the digest of the layer. */

import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip, createGzip, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import type { Digest } from '../../shared/image.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import { zlibChunks } from '../system/zlib-chunks.ts';
import type { BlobStore } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { readTarPath } from './tar-path.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

/** The limits of one layer. The largest images have some 100,000 files; a small archive can hold what no disk does. */
export interface LayerLimits {
  readonly maxEntries: number;
  /** Uncompressed. */
  readonly maxBytes: number;
  readonly maxPathBytes: number;
}
const defaultLimits: LayerLimits = { maxEntries: 1_000_000, maxBytes: 64 * 1024 ** 3, maxPathBytes: 128 * 1024 ** 2 };
const maxPathLength = 4096;

/** What is kept of all layers together, in bytes. What was not used for longest goes first. */
const maxKeptBytes = 256 * 1024 ** 2;

/** Entries that are handled in one turn of the event loop. */
const turnEntries = 2_000;

const { version } = dataFormats.layerFiles;

const types = ['file', 'directory', 'symlink', 'link', 'device', 'fifo', 'removed', 'opaque'] as const;
/** Path, type, bytes, mode, seconds since 1970, user, group, and where a link leads: that of a hard link has no leading slash. */
const rowSchema = z.tuple([
  z.string(),
  z.enum(types),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.number(),
  z.string(),
]);

/** A file of a layer, or what the layer removes: `removed` is a path, `opaque` all that a folder has in the layers below. */
export interface LayerFile {
  /** Without a leading slash. Empty for the root. Without control characters and what is not visible. */
  readonly path: string;
  readonly type: (typeof types)[number];
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly uid: number;
  readonly gid: number;
  readonly link: string;
}

/** Why a layer is not known as a whole. */
export type LayerDamage = 'entries' | 'bytes' | 'damaged';

export interface LayerFiles {
  readonly files: readonly LayerFile[];
  /** Uncompressed, with the headers of the archive; only as far as it was read. */
  readonly bytes: number;
  readonly isCut?: LayerDamage | undefined;
  /** Entries whose names lead out of the image, or are longer than paths can be. */
  readonly skipped: number;
}

export const layerFilesSchema = z.object({
  version: z.literal(version),
  bytes: z.number(),
  entries: z.number(),
  isCut: z.enum(['entries', 'bytes', 'damaged']).optional(),
  skipped: z.number(),
});
type Summary = z.infer<typeof layerFilesSchema>;

export interface ReadLayerOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the compressed bytes that were read. Not called for a layer that is known. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** The files in the layers of an image store. */
export class LayerFileIndex {
  readonly #blobs: BlobStore;
  readonly #limits: LayerLimits;
  /** What is being read now, so that two callers read a layer once. */
  readonly #reading = new Map<Digest, Promise<LayerFiles>>();

  constructor(blobs: BlobStore, limits = defaultLimits) {
    this.#blobs = blobs;
    this.#limits = limits;
  }

  /** @throws Failure `image.incomplete` if the layer is missing; the reason of the signal */
  async read(layer: Digest, options: ReadLayerOptions = {}): Promise<LayerFiles> {
    const path = this.#blobs.filesPathOf(layer);
    const known = await readKept(path);
    if (known) {
      return known;
    }
    const reading = this.#reading.get(layer);
    if (reading) {
      // the other caller may be cancelled
      return reading.catch(() => this.read(layer, options));
    }
    const scanning = this.#scan(layer, path, options);
    this.#reading.set(layer, scanning);
    try {
      return await scanning;
    } finally {
      this.#reading.delete(layer);
    }
  }

  /** The uncompressed size, if the layer was read before. */
  async uncompressedBytes(layer: Digest): Promise<number | undefined> {
    const summary = await readSummary(this.#blobs.filesPathOf(layer));
    return summary?.isCut === undefined ? summary?.bytes : undefined;
  }

  async #scan(layer: Digest, path: string, options: ReadLayerOptions): Promise<LayerFiles> {
    const found = await scanLayer(this.#blobs.read(layer), this.#limits, options);
    // without the file, the layer is read again the next time
    await keep(path, found).catch(() => undefined);
    return found;
  }
}

async function scanLayer(
  blob: AsyncIterable<Buffer>,
  limits: LayerLimits,
  { signal, onBytes }: ReadLayerOptions,
): Promise<LayerFiles> {
  const files: LayerFile[] = [];
  let bytes = 0;
  let pathBytes = 0;
  let skipped = 0;
  let isCut: LayerDamage | undefined;
  async function* compressed(): AsyncGenerator<Buffer> {
    for await (const chunk of blob) {
      signal?.throwIfAborted();
      onBytes?.(chunk.length);
      yield chunk;
    }
  }
  async function* uncompressed(): AsyncGenerator<Buffer> {
    for await (const chunk of decompress(compressed())) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      if (bytes > limits.maxBytes) {
        isCut = 'bytes';
        return;
      }
      yield chunk;
    }
  }
  try {
    for await (const entry of readTar(uncompressed())) {
      const file = layerFile(entry);
      if (!file) {
        skipped += 1;
        continue;
      }
      pathBytes += file.path.length + file.link.length;
      if (files.length >= limits.maxEntries || pathBytes > limits.maxPathBytes) {
        isCut = 'entries';
        break;
      }
      files.push(file);
      if (files.length % turnEntries === 0) {
        await nextTurn();
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && 'problem' in error) {
      throw error;
    }
    // the digest may match all the same: who made the image decides what is in a layer
    isCut ??= 'damaged';
  }
  return { files, bytes, isCut, skipped };
}

/** Undefined for a name that no file of an image has. */
function layerFile({ name, type, size, sparseSize, mode, mtime, uid, gid, linkname }: TarEntry): LayerFile | undefined {
  const { path, whiteout } = readTarPath(name);
  const link = type === 'link' ? readTarPath(linkname).path : linkname;
  if (
    path.length > maxPathLength ||
    link.length > maxPathLength ||
    type === 'other' ||
    whiteout === 'invalid' ||
    path.split('/').includes('..')
  ) {
    return undefined;
  }
  const facts = { size: sparseSize ?? size, mode, mtime, uid, gid };
  const removed = whiteout === 'path' ? 'removed' : 'opaque';
  return {
    path: cleanPath(path),
    ...(whiteout
      ? { type: removed, size: 0, mode: 0, mtime, uid, gid, link: '' }
      : { ...facts, type, link: cleanPath(link) }),
  };
}

const plainPath = /^[\x20-\x7e]*$/;

/** What is shown of a path. Spaces stay as they are: two files may differ in them only. */
export function cleanPath(path: string): string {
  return plainPath.test(path)
    ? path
    : path
        .split('/')
        .map((part) => sanitizeLine(part, maxPathLength).replaceAll('/', '\ufffd') || '\ufffd')
        .join('/');
}

async function keep(path: string, { files, bytes, isCut, skipped }: LayerFiles): Promise<void> {
  const folder = dirname(path);
  await makePrivateFolder(folder);
  const summary: Summary = { version, bytes, entries: files.length, ...(isCut ? { isCut } : {}), skipped };
  const partPath = `${path}.${randomBytes(4).toString('hex')}.part`;
  async function* lines(): AsyncGenerator<string> {
    for (let start = 0; start < files.length; start += turnEntries) {
      const rows = files
        .slice(start, start + turnEntries)
        .map(({ path: name, type, size, mode, mtime, uid, gid, link }) => [
          name,
          type,
          size,
          mode,
          mtime,
          uid,
          gid,
          link,
        ]);
      yield `${JSON.stringify(rows)}\n`;
      await nextTurn();
    }
  }
  try {
    // the first line is a member of its own, so that it is read without the others
    const file = createWriteStream(partPath, { flags: 'wx', mode: 0o600 });
    file.write(gzipSync(`${JSON.stringify(summary)}\n`));
    await pipeline(Readable.from(lines()), createGzip({ ...zlibChunks, level: 1 }), file);
    await rename(partPath, path);
  } finally {
    await rm(partPath, { force: true });
  }
  await dropOld(folder, path);
}

/** Removes what was not used for longest until the rest is within the limit, and what killed processes have left. */
async function dropOld(folder: string, kept: string): Promise<void> {
  const hourAgo = Date.now() - 3_600_000;
  const all = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      const stats = await stat(path).catch(() => undefined);
      return { path, size: stats?.size ?? 0, mtimeMs: stats?.mtimeMs ?? 0 };
    }),
  );
  let bytes = 0;
  for (const { path, size, mtimeMs } of all.sort((one, other) => other.mtimeMs - one.mtimeMs)) {
    bytes += size;
    const isLeft = path.endsWith('.part') && mtimeMs < hourAgo;
    if (path !== kept && (bytes > maxKeptBytes || isLeft)) {
      await rm(path, { force: true });
    }
  }
}

async function readKept(path: string): Promise<LayerFiles | undefined> {
  try {
    const now = new Date();
    let summary: Summary | undefined;
    const files: LayerFile[] = [];
    for await (const line of linesOf(path)) {
      const json: unknown = JSON.parse(line);
      if (!summary) {
        summary = layerFilesSchema.parse(json);
        continue;
      }
      for (const row of z.array(rowSchema).parse(json)) {
        const [name, type, size, mode, mtime, uid, gid, link] = row;
        files.push({ path: name, type, size, mode, mtime, uid, gid, link });
      }
      await nextTurn();
    }
    if (!summary || files.length !== summary.entries) {
      return undefined;
    }
    await utimes(path, now, now).catch(() => undefined);
    return { files, bytes: summary.bytes, isCut: summary.isCut, skipped: summary.skipped };
  } catch {
    return undefined;
  }
}

async function readSummary(path: string): Promise<Summary | undefined> {
  try {
    for await (const line of linesOf(path)) {
      return layerFilesSchema.parse(JSON.parse(line));
    }
  } catch {
    // it is read again when the files are asked for
  }
  return undefined;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const gunzip = createGunzip(zlibChunks);
  const flow = pipeline(file, gunzip);
  flow.catch(() => undefined);
  const lines = createInterface({ input: gunzip, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    yield* lines;
    await flow;
  } finally {
    lines.close();
    file.destroy();
    gunzip.destroy();
  }
}
