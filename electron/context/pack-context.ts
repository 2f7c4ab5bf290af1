/** Packs the files of a project once, as a tar on disk, for all nodes of a build. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Pack, pack as tarPack } from 'tar-stream';
import type { ContextSummary } from '../../shared/build.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { confinedTarget, type StreamEdit, withEdits } from './confined-links.ts';
import { ContentIndex } from './content-index.ts';
import { type ContextContents, openContents } from './contents.ts';
import type { ContextFile, ContextSource } from './context-source.ts';
import { GrowingFile } from './growing-file.ts';
import { readFileInChunks, readFileNow } from './read-file.ts';
import { emptyEntry, needsLongHeader, paddedSize, writeEntry } from './tar-entry.ts';
import { type ContextEntry, readProblem } from './walk.ts';
import { Yielder } from './yielder.ts';

export interface ContextOptions {
  /** The project folder. */
  readonly context: string;
  /** The Containerfile, absolute or relative to the working directory. Without it, the context is searched for one. */
  readonly file?: string;
  /** The content of the Containerfile, if it was read already. It is sent, even if the file has changed. */
  readonly content?: Buffer;
  /** The folder for the packed context. */
  readonly spoolFolder: string;
  /** Aborting it stops the packing, and makes readers fail. */
  readonly signal?: AbortSignal;
  /** Called about every half megabyte of tar, and at the end. `files` counts everything except folders, `bytes` their content. */
  readonly onProgress?: (progress: Omit<ContextSummary, 'digest'>) => void;
}

/** A context that is being packed. */
export interface PackedContext {
  /** Name of the Containerfile inside the tar. */
  readonly containerfile: string;
  /**
   * What the engine must exclude from each COPY, in the syntax of an ignore file. Never empty. podman takes it as the JSON array
   * `excludes` of a build. Without it, podman applies the ignore file that it finds in the tar, which may be a different one
   * than the one that applies. docker applies none to a tar.
   */
  readonly excludes: readonly string[];
  /** Resolves when everything is packed. `bytes` is the size of the files in it, `digest` the `sha256:…` of the tar. */
  readonly done: Promise<ContextSummary>;
  /**
   * The files for one reader, which follows the packing at its own speed.
   * @param onBytes called with the number of bytes of each chunk that is read
   */
  source(onBytes?: (bytes: number) => void): ContextSource;
  /** Stops packing, makes readers fail, and removes the tar. May be called more than once. */
  close(): Promise<void>;
}

/** Files up to this size are read whole, several of them before the tar needs them. */
const smallFileBytes = 256 * 1024;
const maxFilesAhead = 16;
/** Larger files are read in chunks of this size, and the tar is hashed and written in such chunks. */
const chunkBytes = 512 * 1024;

/**
 * Packs a context once for any number of readers. Resolves as soon as its Containerfile and ignore rules are known. A later
 * problem fails `done` and every reader with the same Failure.
 *
 * Owners and groups are left out. Modes and modification times are kept (no engine's build cache depends on the times). A file
 * that grows in the meantime is cut off at its first size.
 *
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`, `disk.full`; later
 *   also `context.changed` and, if stopped, `build.cancelled`
 */
export async function packContext(options: ContextOptions): Promise<PackedContext> {
  const contents = await openContents(options);
  const spool = await GrowingFile.create(options.spoolFolder);
  const closing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
  const index = new ContentIndex();
  const confinedLinks: StreamEdit[] = [];
  const done = packInto({ spool, index, confinedLinks }, contents, signal, options.onProgress);
  const ended = done.then(
    () => {
      spool.finish();
      index.finish();
    },
    (error: Error) => {
      spool.fail(error);
      index.fail(error);
    },
  );
  return {
    containerfile: contents.containerfile.name,
    excludes: contents.excludes,
    done,
    source: (onBytes) => ({
      tar: ({ confinesLinks = false } = {}) =>
        confinesLinks ? withEdits(spool.open({ onBytes }), confinedLinks) : spool.open({ onBytes }),
      files: () => index.list(),
      open: (path) => openFile(spool, index, path, onBytes),
    }),
    async close() {
      closing.abort();
      await ended;
      await spool.close();
    },
  };
}

function openFile(
  spool: GrowingFile,
  index: ContentIndex,
  path: string,
  onBytes: ((bytes: number) => void) | undefined,
): Readable {
  async function* read(): AsyncGenerator<Buffer> {
    yield* spool.open({ ...(await index.locate(path)), onBytes });
  }
  return Readable.from(read(), { objectMode: false });
}

/** What packing a context makes. */
interface Packing {
  readonly spool: GrowingFile;
  readonly index: ContentIndex;
  /** The links of the tar that lead out of the context, and what replaces them for engines that refuse them. */
  readonly confinedLinks: StreamEdit[];
}

async function packInto(
  { spool, index, confinedLinks }: Packing,
  contents: ContextContents,
  outerSignal: AbortSignal,
  onProgress: ContextOptions['onProgress'],
): Promise<ContextSummary> {
  const tar = tarPack({ highWaterMark: chunkBytes });
  // Counts what the tar contains, also what nothing has read yet.
  const push = tar.push.bind(tar);
  let tarBytes = 0;
  tar.push = (chunk) => {
    tarBytes += Buffer.isBuffer(chunk) ? chunk.length : 0;
    return push(chunk);
  };
  const hash = createHash('sha256');
  let files = 0;
  let fileBytes = 0;
  /** The size of the file that is being written, and where its entry begins in the tar. */
  let current = { size: 0, start: 0 };
  const packedBytes = () => fileBytes + Math.min(current.size, tarBytes - current.start);
  let failure: unknown;
  // Filling and draining the tar stop each other. The first error is the cause.
  const stopping = new AbortController();
  const stop = (error: unknown) => {
    failure ??= error;
    stopping.abort();
    tar.destroy();
  };
  const signal = AbortSignal.any([outerSignal, stopping.signal]);

  async function fillTar(): Promise<void> {
    for await (const { entry, content } of readAhead(contents.entries({ signal }), signal)) {
      if (tarBytes === 0 && (await needsLongHeader(entry))) {
        // docker recognizes a tar by its first block alone
        await writeEntry(tar, contextFolder, undefined, { chunkBytes, signal });
      }
      const target = entry.kind === 'symlink' ? confinedTarget(entry.path, entry.target) : undefined;
      if (entry.kind === 'symlink' && target !== undefined) {
        const [own, confined] = await Promise.all([emptyEntry(entry), emptyEntry({ ...entry, target })]);
        confinedLinks.push({ start: tarBytes, length: own.length, bytes: confined });
      }
      current = { size: entry.kind === 'file' ? entry.size : 0, start: tarBytes };
      await writeEntry(tar, entry, content, { chunkBytes, signal });
      index.add(toContextFile(entry), tarBytes - paddedSize(entry));
      files += entry.kind === 'folder' ? 0 : 1;
      fileBytes += current.size;
      current = { size: 0, start: tarBytes };
    }
    tar.finalize();
  }

  async function drainTar(): Promise<void> {
    for await (const chunk of chunksOf(tar)) {
      signal.throwIfAborted();
      const written = spool.append(chunk);
      written.catch(() => undefined); // awaited below, after the hash was updated at the same time
      hash.update(chunk);
      await written;
      onProgress?.({ files, bytes: packedBytes(), tarBytes: spool.size });
    }
  }

  await Promise.all([fillTar().catch(stop), drainTar().catch(stop)]);
  if (failure !== undefined) {
    throw failure instanceof Failure || !outerSignal.aborted ? failure : cancelledProblem(outerSignal);
  }
  onProgress?.({ files, bytes: packedBytes(), tarBytes: spool.size });
  return { files, bytes: fileBytes, tarBytes: spool.size, digest: `sha256:${hash.digest('hex')}` };
}

/** The context itself, which no list of its files names. */
const contextFolder: ContextEntry = { kind: 'folder', path: '.', mode: 0o755, modifiedMs: 0 };

function toContextFile(entry: ContextEntry): ContextFile {
  const { path, mode, modifiedMs } = entry;
  switch (entry.kind) {
    case 'folder':
      return { kind: 'folder', path, mode, modifiedMs };
    case 'file':
      return { kind: 'file', path, mode, modifiedMs, size: entry.size };
    case 'symlink':
    case 'hardlink':
      return { kind: entry.kind, path, mode, modifiedMs, target: entry.target };
  }
}

function cancelledProblem(signal: AbortSignal): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail('build.cancelled', 'Packing the context was cancelled.', 'Start the build again.');
}

interface LoadedEntry {
  readonly entry: ContextEntry;
  /** The whole content of a small file. */
  readonly content?: Buffer;
}

/** Reads small files before the tar needs them, so that a slow disk can work on several requests at once. */
async function* readAhead(entries: AsyncIterable<ContextEntry>, signal: AbortSignal): AsyncGenerator<LoadedEntry> {
  const yielder = new Yielder();
  const loading: Promise<LoadedEntry>[] = [];
  for await (const entry of entries) {
    await yielder.yieldIfDue();
    const loaded = load(entry, yielder);
    loaded.catch(() => undefined); // thrown when it is awaited below, unless something else has failed first
    loading.push(loaded);
    const next = loading.length < maxFilesAhead ? undefined : loading.shift();
    if (next) {
      signal.throwIfAborted();
      yield await next;
    }
  }
  for (const next of loading) {
    signal.throwIfAborted();
    yield await next;
  }
}

async function load(entry: ContextEntry, yielder: Yielder): Promise<LoadedEntry> {
  if (entry.kind !== 'file') {
    return { entry };
  }
  const { source, size } = entry;
  if (entry.content) {
    return { entry, content: entry.content };
  }
  if (size > smallFileBytes) {
    return { entry };
  }
  try {
    const content = await yielder.run(
      () => readFileNow(source, size),
      () => readWhole(source, size),
    );
    return { entry, content };
  } catch (error) {
    throw readProblem(source, error);
  }
}

async function readWhole(source: string, size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of readFileInChunks(source, size, chunkBytes)) {
    chunks.push(chunk);
  }
  return concat(chunks, size);
}

/** The bytes of a tar in chunks that are large enough for a write each. */
async function* chunksOf(tar: Pack): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of tar) {
    if (!Buffer.isBuffer(part)) {
      throw new TypeError('A tar consists of buffers.');
    }
    parts.push(part);
    bytes += part.length;
    if (bytes >= chunkBytes) {
      yield concat(parts, bytes);
      parts = [];
      bytes = 0;
    }
  }
  if (bytes > 0) {
    yield concat(parts, bytes);
  }
}

/** Joins buffers without copying if there is only one. */
function concat(buffers: readonly Buffer[], bytes: number): Buffer {
  const [only] = buffers;
  return buffers.length === 1 && only ? only : Buffer.concat(buffers, bytes);
}
