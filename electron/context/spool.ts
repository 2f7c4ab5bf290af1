import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Header, type Pack, pack as tarPack } from 'tar-stream';
import type { ContextSummary } from '../../shared/build.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { type Contents, openContents } from './contents.ts';
import { GrowingFile } from './growing-file.ts';
import { readNow, readPieces } from './read.ts';
import { type ContextEntry, failureAt } from './walk.ts';
import { Yielder } from './yielder.ts';

export interface ContextOptions {
  /** The project folder. */
  readonly context: string;
  /** The Containerfile, relative to the working directory or absolute; without one it is looked for in the context. */
  readonly file?: string;
  /** Where the packed context is kept while it is needed. */
  readonly spoolFolder: string;
  /** Aborting it stops the packing; readers then fail. */
  readonly signal?: AbortSignal;
  /** Told about every half megabyte of tar, and at the end. `files` counts everything but folders. */
  readonly onProgress?: (progress: { readonly files: number; readonly bytes: number }) => void;
}

/** A context on its way into a tar. */
export interface PackedContext {
  /** Name of the Containerfile inside the tar. */
  readonly containerfile: string;
  /**
   * What the engine has to leave out of each COPY, in the syntax of an ignore file and never empty. podman takes it as the JSON
   * array `excludes` of a build; without it, podman applies the ignore file that it finds in the tar, which may be another one
   * than the one that counts. docker applies none to a tar.
   */
  readonly excludes: readonly string[];
  /** Resolves when everything is packed: `bytes` is the size of the tar, `digest` its `sha256:…`. */
  readonly done: Promise<ContextSummary>;
  /**
   * A new reader of the whole tar from its start; it follows the packing and goes at its own pace.
   * `onBytes` is told how many bytes went into the stream, every time.
   */
  open(onBytes?: (bytes: number) => void): Readable;
  /** Stops packing and readers, and removes what was packed. May be called again. */
  close(): Promise<void>;
}

/** Files up to this size are read whole, several ahead of the tar. */
const smallBytes = 256 * 1024;
const filesAhead = 16;
/** Larger files are read in pieces of this size, and the tar is hashed and written in such pieces. */
const pieceBytes = 512 * 1024;

/**
 * Packs a context once for any number of readers. Resolves as soon as its Containerfile and rules are known; what goes wrong
 * later fails `done` and every reader with the same Failure.
 *
 * Owner, group and their names are left out; modes and times of change stay (no engine's build cache minds the times).
 * A file that grows meanwhile is cut at the size it had.
 *
 * @throws Failure `context.missing`, `context.file-missing`, `context.ignore-file`, `context.unreadable`, `disk.full`; later
 *   also `context.changed` and, when stopped, `build.cancelled`
 */
export async function packContext(options: ContextOptions): Promise<PackedContext> {
  const contents = await openContents(options);
  const spool = await GrowingFile.create(options.spoolFolder);
  const closing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, closing.signal]) : closing.signal;
  const done = packInto(spool, contents, signal, options.onProgress);
  const settled = done.then(
    () => spool.finish(),
    (error: Error) => spool.fail(error),
  );
  return {
    containerfile: contents.containerfile.name,
    excludes: contents.excludes,
    done,
    open: (onBytes) => spool.open(onBytes),
    async close() {
      closing.abort();
      await settled;
      await spool.close();
    },
  };
}

async function packInto(
  spool: GrowingFile,
  contents: Contents,
  outer: AbortSignal,
  onProgress: ContextOptions['onProgress'],
): Promise<ContextSummary> {
  const tar = tarPack({ highWaterMark: pieceBytes });
  const hash = createHash('sha256');
  let files = 0;
  let failure: unknown;
  // the two sides stop each other: what stops first is what went wrong
  const stopping = new AbortController();
  const stop = (error: unknown) => {
    failure ??= error;
    stopping.abort();
    tar.destroy();
  };
  const signal = AbortSignal.any([outer, stopping.signal]);

  async function fill(): Promise<void> {
    for await (const { entry, content } of readAhead(contents.entries({ signal }), signal)) {
      await add(tar, entry, content, signal);
      files += entry.kind === 'folder' ? 0 : 1;
    }
    tar.finalize();
  }

  async function drain(): Promise<void> {
    for await (const piece of pieces(tar)) {
      signal.throwIfAborted();
      const written = spool.append(piece);
      written.catch(() => undefined); // awaited below, after the hash was counted at the same time
      hash.update(piece);
      await written;
      onProgress?.({ files, bytes: spool.size });
    }
  }

  await Promise.all([fill().catch(stop), drain().catch(stop)]);
  if (failure !== undefined) {
    throw failure instanceof Failure || !outer.aborted ? failure : stopped(outer);
  }
  onProgress?.({ files, bytes: spool.size });
  return { files, bytes: spool.size, digest: `sha256:${hash.digest('hex')}` };
}

function stopped(signal: AbortSignal): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail('build.cancelled', 'Packing the context was stopped.', 'Start the build again if it should go on.');
}

interface Loaded {
  readonly entry: ContextEntry;
  /** The whole content of a small file. */
  readonly content?: Buffer;
}

/** Reads small files before their turn, so that a slow disk has several requests at once to work on. */
async function* readAhead(entries: AsyncIterable<ContextEntry>, signal: AbortSignal): AsyncGenerator<Loaded> {
  const pace = new Yielder();
  const ahead: Promise<Loaded>[] = [];
  for await (const entry of entries) {
    await pace.breathe();
    const loaded = load(entry, pace);
    loaded.catch(() => undefined); // thrown when its turn comes, or not at all when something else failed before
    ahead.push(loaded);
    const next = ahead.length < filesAhead ? undefined : ahead.shift();
    if (next) {
      signal.throwIfAborted();
      yield await next;
    }
  }
  for (const next of ahead) {
    signal.throwIfAborted();
    yield await next;
  }
}

async function load(entry: ContextEntry, pace: Yielder): Promise<Loaded> {
  if (entry.kind !== 'file') {
    return { entry };
  }
  const { source, size } = entry;
  if (size > smallBytes) {
    return { entry };
  }
  try {
    return {
      entry,
      content: await pace.do(
        () => readNow(source, size),
        () => readWhole(source, size),
      ),
    };
  } catch (error) {
    throw failureAt(source, error);
  }
}

async function readWhole(source: string, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readPieces(source, size, pieceBytes)) {
    pieces.push(piece);
  }
  return join(pieces, size);
}

type Sink = ReturnType<Pack['entry']>;

/** Writes one entry and resolves when the tar has taken all of it. */
async function add(tar: Pack, entry: ContextEntry, content: Buffer | undefined, signal: AbortSignal): Promise<void> {
  const header = headerOf(entry);
  let sink: Sink | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const onEnd = (error?: Error | null) => (error ? reject(error) : resolve());
    sink = content ? tar.entry(header, content, onEnd) : tar.entry(header, onEnd);
  });
  if (entry.kind === 'file' && !content && sink) {
    await Promise.all([ended, copy(entry.source, entry.size, sink, signal)]);
  }
  await ended;
}

async function copy(source: string, size: number, sink: Sink, signal: AbortSignal): Promise<void> {
  try {
    for await (const piece of readPieces(source, size, pieceBytes)) {
      signal.throwIfAborted();
      if (!sink.write(piece)) {
        await once(sink, 'drain', { signal });
      }
    }
  } catch (error) {
    throw failureAt(source, error);
  }
  sink.end(undefined);
}

const latest = 2 ** 31 - 1;

function headerOf(entry: ContextEntry): Partial<Header> & Pick<Header, 'name'> {
  // tar-stream writes seconds as a signed 32 bit number: times outside of it are moved to its ends
  const seconds = Math.min(Math.max(Math.floor(entry.modifiedMs / 1000), 0), latest);
  const common = {
    // it takes a mode of 0 for none at all, unless there is a bit that the header drops anyway
    mode: entry.mode | constants.S_IFREG,
    uid: 0,
    gid: 0,
    mtime: new Date(seconds * 1000),
  };
  switch (entry.kind) {
    case 'folder':
      return { ...common, name: `${entry.path}/`, type: 'directory' };
    case 'file':
      return { ...common, name: entry.path, type: 'file', size: entry.size };
    case 'symlink':
      return { ...common, name: entry.path, type: 'symlink', linkname: entry.target };
    case 'hardlink':
      return { ...common, name: entry.path, type: 'link', linkname: entry.target };
  }
}

/** The bytes of a tar in pieces worth a write each. */
async function* pieces(tar: Pack): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of tar) {
    if (!Buffer.isBuffer(chunk)) {
      throw new TypeError('A tar is made of buffers.');
    }
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= pieceBytes) {
      yield join(chunks, bytes);
      chunks = [];
      bytes = 0;
    }
  }
  if (bytes > 0) {
    yield join(chunks, bytes);
  }
}

function join(chunks: readonly Buffer[], bytes: number): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only ? only : Buffer.concat(chunks, bytes);
}
