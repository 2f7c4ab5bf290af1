/** Which programs a layer has, and for which architectures. What is found in a blob is kept beside the layout, by its digest. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { Digest } from '../../shared/image.ts';
import { type Elf, elfHeaderBytes, readElf } from '../system/elf.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import type { BlobStore } from './blob-store.ts';

/** Limits for one layer: bytes of its files, uncompressed, and paths that are kept. */
const maxLayerBytes = 2 * 1024 ** 3;
const maxPaths = 50_000;
const maxPathLength = 1000;

/** An arm program for processors with floating-point hardware, which ARMv5 lacks. */
export const hardFloatArm = 'armhf';

const version = 1;
const layerSchema = z.object({
  version: z.literal(version),
  /** Programs, libraries and other executable files by path, without a leading slash: the architecture, or nothing. */
  files: z.record(z.string(), z.string()),
  /** Symbolic and hard links by path. The targets of hard links begin with a slash. */
  links: z.record(z.string(), z.string()),
  /** Paths that the layer removes from those below it. A folder that ends with a slash loses only its content. */
  removed: z.array(z.string()),
  /** The path of one program or library for each architecture. */
  examples: z.record(z.string(), z.string()),
  /** It has more than the limits, or could not be read to its end. */
  isPartial: z.boolean(),
});

export type LayerPrograms = Readonly<z.infer<typeof layerSchema>>;

/** The programs in the layers of an image store. */
export class ProgramIndex {
  readonly #blobs: BlobStore;
  /** What is being read now, so that jobs with the same base image read its layers once. */
  readonly #reading = new Map<Digest, Promise<LayerPrograms>>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Never rejects: a layer that cannot be read is partial. */
  async read(layer: Digest, signal?: AbortSignal): Promise<LayerPrograms> {
    const path = this.#blobs.programsPathOf(layer);
    const known = await readKnown(path);
    if (known) {
      return known;
    }
    const reading = this.#reading.get(layer) ?? this.#scan(layer, path, signal);
    this.#reading.set(layer, reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(layer);
    }
  }

  async #scan(layer: Digest, path: string, signal?: AbortSignal): Promise<LayerPrograms> {
    const programs = await scanLayer(this.#blobs.read(layer), signal);
    if (!signal?.aborted) {
      // without the file, the layer is read again the next time
      await makePrivateFolder(dirname(path))
        .then(() => writeFileAtomic(path, JSON.stringify(programs), { mode: 0o600, fsync: false }))
        .catch(() => undefined);
    }
    return programs;
  }
}

async function readKnown(path: string): Promise<LayerPrograms | undefined> {
  try {
    return layerSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Reads a layer, a tar archive that may be compressed with gzip, up to the limits. */
async function scanLayer(blob: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<LayerPrograms> {
  const found = new FoundPrograms();
  const unpack = extract();
  const flow = pipeline(
    blob,
    async function* (source: AsyncIterable<Buffer>) {
      let bytes = 0;
      for await (const chunk of decompress(source)) {
        bytes += chunk.length;
        if (bytes > maxLayerBytes) {
          throw new Error('the layer is larger than what is searched');
        }
        yield chunk;
      }
    },
    unpack,
    ...(signal ? [{ signal }] : []),
  );
  flow.catch(() => undefined);
  try {
    for await (const entry of unpack) {
      if (mayBeProgram(entry.header)) {
        found.add(entry.header, await readHead(entry));
      } else {
        found.add(entry.header, Buffer.alloc(0));
        entry.resume();
      }
    }
    await flow;
  } catch {
    found.isPartial = true;
  } finally {
    unpack.destroy();
    await flow.catch(() => undefined);
  }
  return found.programs();
}

/** Layers with another compression look like a damaged archive. */
async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) {
    return;
  }
  const whole = (async function* () {
    yield first.value;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value;
    }
  })();
  if (first.value.length < 2 || first.value.readUInt16BE(0) !== 0x1f8b) {
    yield* whole;
    return;
  }
  const gunzip = createGunzip();
  const flow = pipeline(whole, gunzip);
  flow.catch(() => undefined);
  yield* gunzip;
  await flow;
}

/** The first bytes of an entry, enough for {@link readElf}. The rest of it is skipped. */
async function readHead(entry: AsyncIterable<unknown>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of entry) {
    if (head.length < elfHeaderBytes && Buffer.isBuffer(chunk)) {
      head = Buffer.concat([head, chunk.subarray(0, elfHeaderBytes)]);
    }
  }
  return head;
}

/** Programs are executable. Libraries and programs that a build has copied may not be, but hardly any is smaller than this. */
const minProgramBytes = 4096;

function mayBeProgram({ type, mode, size }: Header): boolean {
  return type === 'file' && (isExecutable(mode) || size >= minProgramBytes);
}

function isExecutable(mode: number): boolean {
  return (mode & 0o111) !== 0;
}

/** Collects {@link LayerPrograms}. */
class FoundPrograms {
  isPartial = false;
  readonly #files = new Map<string, string>();
  readonly #links = new Map<string, string>();
  readonly #removed: string[] = [];
  readonly #examples = new Map<string, string>();

  add({ type, name, linkname, mode = 0 }: Header, head: Buffer): void {
    const path = cleanPath(name);
    const target = linkname ?? '';
    if (path.length > maxPathLength || target.length > maxPathLength) {
      return;
    }
    if (this.#files.size + this.#links.size + this.#removed.length >= maxPaths) {
      this.isPartial = true;
      return;
    }
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (base === '.wh..wh..opq') {
      this.#removed.push(path.slice(0, -base.length));
    } else if (base.startsWith('.wh.')) {
      this.#removed.push(path.slice(0, -base.length) + base.slice('.wh.'.length));
    } else if (type === 'symlink') {
      this.#links.set(path, target);
    } else if (type === 'link') {
      this.#links.set(path, `/${cleanPath(target)}`);
    } else if (type === 'file') {
      this.#addFile(path, isExecutable(mode), readElf(head));
    }
  }

  #addFile(path: string, isProgram: boolean, elf: Elf | undefined): void {
    const architecture = elf?.isHardFloat ? hardFloatArm : elf?.architecture;
    if (isProgram || architecture !== undefined) {
      this.#files.set(path, architecture ?? '');
    }
    if (architecture !== undefined && !this.#examples.has(architecture)) {
      this.#examples.set(architecture, path);
    }
  }

  programs(): LayerPrograms {
    return {
      version,
      files: Object.fromEntries(this.#files),
      links: Object.fromEntries(this.#links),
      removed: this.#removed,
      examples: Object.fromEntries(this.#examples),
      isPartial: this.isPartial,
    };
  }
}

/** A path in an archive without `.`, empty parts and slashes at its ends. */
function cleanPath(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
