/** Which programs a layer has, and for which architectures. What is found in a blob is kept beside the layout, by its digest. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import type { Digest } from '../../shared/image.ts';
import { type Elf, elfHeaderBytes, readElf } from '../system/elf.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import type { BlobStore } from './blob-store.ts';
import { decompress } from './decompress.ts';
import { readTarPath } from './tar-path.ts';
import { readTar, type TarEntry } from './tar-reader.ts';

/** Limits for one layer: bytes of its files, uncompressed, and paths that are kept. */
const maxLayerBytes = 2 * 1024 ** 3;
const maxPaths = 50_000;
const maxPathLength = 1000;

/** An arm program for processors with floating-point hardware, which ARMv5 lacks. */
export const hardFloatArm = 'armhf';

const { version } = dataFormats.layerPrograms;
export const layerProgramsSchema = z.object({
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

export type LayerPrograms = Readonly<z.infer<typeof layerProgramsSchema>>;

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
    return layerProgramsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Reads a layer, a tar archive that may be compressed, up to the limits. */
async function scanLayer(blob: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<LayerPrograms> {
  const found = new FoundPrograms();
  try {
    for await (const entry of readTar(limited(decompress(blob), signal))) {
      found.add(entry, mayBeProgram(entry) ? await readHead(entry.content()) : Buffer.alloc(0));
    }
  } catch {
    found.isPartial = true;
  }
  return found.programs();
}

async function* limited(source: AsyncIterable<Buffer>, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    signal?.throwIfAborted();
    bytes += chunk.length;
    if (bytes > maxLayerBytes) {
      throw new Error('the layer is larger than what is searched');
    }
    yield chunk;
  }
}

/** The first bytes of an entry, enough for {@link readElf}. The rest of it is skipped. */
async function readHead(content: AsyncIterable<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for await (const chunk of content) {
    head = Buffer.concat([head, chunk.subarray(0, elfHeaderBytes)]);
    if (head.length >= elfHeaderBytes) {
      break;
    }
  }
  return head;
}

/** Programs are executable. Libraries and programs that a build has copied may not be, but hardly any is smaller than this. */
const minProgramBytes = 4096;

function mayBeProgram({ type, mode, size }: TarEntry): boolean {
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

  add({ type, name, linkname, mode }: TarEntry, head: Buffer): void {
    const { path, whiteout } = readTarPath(name);
    if (path.length > maxPathLength || linkname.length > maxPathLength) {
      return;
    }
    if (this.#files.size + this.#links.size + this.#removed.length >= maxPaths) {
      this.isPartial = true;
      return;
    }
    if (whiteout !== undefined) {
      this.#removed.push(whiteout === 'opaque' && path !== '' ? `${path}/` : path);
    } else if (type === 'symlink') {
      this.#links.set(path, linkname);
    } else if (type === 'link') {
      this.#links.set(path, `/${readTarPath(linkname).path}`);
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
