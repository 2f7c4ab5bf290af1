/** Packs a context: finds its entries, and makes their digest and their tar. */
import { createHash } from 'node:crypto';
import type { ContextSummary } from '../../shared/build.ts';
import { confinedTarget, type StreamEdit } from './confined-links.ts';
import { contextEntries } from './contents.ts';
import { FileIndex, FileIndexWriter, isSameState } from './file-index.ts';
import { createIgnoreRules, type IgnoreSource } from './ignore.ts';
import { changedProblem } from './read-file.ts';
import { blockBytes, endBytes, paddedSize, tarHeader, tarHeaderBytes } from './tar-header.ts';
import { TarWriter, type Written } from './tar-writer.ts';
import type { ContextEntry, FileState, MappedFolder } from './walk.ts';
import { Yielder } from './yielder.ts';

export interface PackingInput {
  readonly root: string;
  readonly ignore: IgnoreSource;
  readonly ownFile: ContextEntry | undefined;
  readonly addedFiles: readonly ContextEntry[];
  readonly mapped: readonly MappedFolder[];
  /** The path of the index of the project. Without it, everything is read. */
  readonly index?: string | undefined;
}

/** An entry of the tar as JSON: kind, path, mode, time, size or target, length of the headers, digest. */
export type PackedRow = readonly [
  kind: ContextEntry['kind'],
  path: string,
  mode: number,
  modifiedMs: number,
  sizeOrTarget: number | string,
  headerBytes: number,
  digest: string,
];

export type PackedProgress = Omit<ContextSummary, 'digest'>;

/** Where a packing puts what it makes. Every call may throw to stop it. */
export interface PackingOutput {
  /** Appends to the tar. The bytes are overwritten when it has returned. */
  write(bytes: Buffer): void;
  /**
   * Adds to the list of what the tar consists of, in its order. Links that lead out of the context have to be known before anything reads
   * their place in the tar.
   * @param rows an array of {@link PackedRow}, as JSON
   * @param isComplete there are no others
   */
  addEntries(rows: string, confinedLinks: readonly StreamEdit[], isComplete: boolean): void;
  reportProgress(progress: PackedProgress): void;
  /** All entries are added once more, because some have other contents now. */
  restartEntries(): void;
  /** The digest is known. */
  summarize(summary: ContextSummary, isChanged: boolean): void;
  /** Everything is in the tar. */
  finish(summary: ContextSummary): void;
  throwIfAborted(): void;
  /** Whether a file may have another content than the reported digest says: only if nothing has relied on it. */
  mayAlter(): boolean;
}

/** An entry that was found before the tar is made. */
interface ScannedEntry {
  readonly entry: ContextEntry;
  readonly headerBytes: number;
  /** Undefined until the file was read. */
  digest: string | undefined;
  /** The digest is that of the index. */
  readonly isIndexed: boolean;
  /** The digest is that of the file as it was found. */
  isCertain: boolean;
}

/** As much is read in advance to know the digest before the tar is made. */
const maxAdvanceFiles = 2_000;
const maxAdvanceBytes = 16 * 1024 * 1024;

/** A call for each would take longer than to hash it. */
const digestsAtOnce = 1_000;

/** Who gets more rows as one text has to read them without a pause. */
const rowsAtOnce = 1_000;

/** To be changed with what digests of contexts are made of. */
const digestVersion = 'context 1\n';

export class Packing {
  readonly #input: PackingInput;
  readonly #output: PackingOutput;
  readonly #disk = new Yielder();
  readonly #index: FileIndex | undefined;
  readonly #nextIndex = new FileIndexWriter();
  #shouldSaveIndex = true;
  /** What was found has been added to the output, or is added while it is packed. */
  #isListed = false;
  /** What is packed once it is asked for. */
  #scanned: readonly ScannedEntry[] = [];
  #list: EntryList;

  constructor(input: PackingInput, output: PackingOutput) {
    this.#input = input;
    this.#output = output;
    this.#index = input.index === undefined ? undefined : FileIndex.read(input.index);
    this.#list = new EntryList();
  }

  /**
   * Makes the digest, and also the tar unless nothing has changed since the context was packed last.
   * @returns whether the tar has been made. Otherwise {@link pack} makes it.
   */
  async start(): Promise<boolean> {
    if (!this.#index) {
      await this.#packAll(this.#walk());
      return true;
    }
    const scanned = await this.#scan(this.#index);
    const unread = scanned.filter(({ digest }) => digest === undefined);
    if (!isReadInAdvance(unread, scanned, this.#index)) {
      await this.#packAll(batchesOf(scanned.map(({ entry }) => entry)));
      return true;
    }
    await this.#readInAdvance(unread);
    for (const { entry, headerBytes, digest = '' } of scanned) {
      this.#list.count(entry, headerBytes, digest);
    }
    this.#scanned = scanned;
    const summary = this.#list.summarize();
    const isChanged = summary.digest !== `sha256:${this.#index.context}`;
    this.#shouldSaveIndex = isChanged || unread.some(({ entry }) => 'source' in entry);
    if (this.#shouldSaveIndex) {
      for (const { entry, digest = '', isCertain } of scanned) {
        this.#remember(entry, digest, isCertain);
      }
    }
    this.#output.summarize(summary, isChanged);
    if (isChanged) {
      await this.pack();
    }
    return isChanged;
  }

  /** Lists what was found, if its digest could be made without the tar. It takes long, and is not always needed. */
  listEntries(): void {
    if (!this.#isListed) {
      this.#isListed = true;
      this.#list = new EntryList();
      for (const { entry, headerBytes, digest = '' } of this.#scanned) {
        this.#list.add(entry, headerBytes, digest);
      }
      this.#reportEntries(true);
    }
  }

  /** Makes the tar of what was found, if its digest could be made without it. */
  async pack(): Promise<void> {
    this.listEntries();
    const list = new EntryList();
    const writer = this.#createWriter(list);
    let position = 0;
    let isAltered = false;
    const onWritten = ({ entry, headerBytes, digest }: Written): void => {
      if (digest !== this.#scanned[position]?.digest) {
        if (!this.#output.mayAlter()) {
          throw changedProblem(`${this.#input.root}/${entry.path}`, 'changed');
        }
        isAltered = true;
      }
      position++;
      list.add(entry, headerBytes, digest);
    };
    const knownDigest = (entry: ContextEntry, state: FileState): string | undefined => {
      const scanned = this.#scanned[position];
      return scanned?.isIndexed && isStateOf(entry, state) ? scanned.digest : undefined;
    };
    for (const entries of batchesOf(this.#scanned.map(({ entry }) => entry))) {
      this.#output.throwIfAborted();
      await writer.writeAll(entries, this.#disk, onWritten, knownDigest);
    }
    writer.end();
    if (isAltered) {
      this.#output.restartEntries();
      this.#list = list;
      this.#shouldSaveIndex = false;
      this.#reportEntries(true);
    }
    this.#output.finish(list.summarize());
  }

  /** To be called when nothing else is to be done. Never fails. */
  saveIndex(): void {
    const { index } = this.#input;
    if (index !== undefined && this.#shouldSaveIndex) {
      this.#shouldSaveIndex = false;
      this.#nextIndex.write(index, this.#list.summarize().digest.replace('sha256:', ''));
    }
  }

  /** The entries, some at a time. docker recognizes a tar by its first block alone, so it begins with a short header. */
  async *#walk(): AsyncGenerator<readonly ContextEntry[]> {
    const { root, ignore, ownFile, addedFiles, mapped } = this.#input;
    const input = { root, rules: createIgnoreRules(ignore), ownFile, addedFiles, mapped };
    let isFirst = true;
    for await (const entries of contextEntries(input, { signal: this.#output })) {
      const [first] = entries;
      const hasLongHeader = isFirst && first && tarHeaderBytes(first) > blockBytes;
      isFirst = false;
      yield hasLongHeader ? [contextFolder, ...entries] : entries;
    }
  }

  /** Finds all entries, and the digests of those files that the index knows. */
  async #scan(index: FileIndex): Promise<ScannedEntry[]> {
    const scanned: ScannedEntry[] = [];
    for await (const entries of this.#walk()) {
      for (const entry of entries) {
        const known = 'source' in entry ? index.find(entry.path, entry.state) : undefined;
        const isIndexed = known?.isRacy === false;
        const digest = isIndexed ? known.digest : undefined;
        scanned.push({ entry, headerBytes: tarHeaderBytes(entry), digest, isIndexed, isCertain: isIndexed });
      }
    }
    return scanned;
  }

  async #readInAdvance(unread: readonly ScannedEntry[]): Promise<void> {
    const writer = new TarWriter(() => this.#output.throwIfAborted());
    let position = 0;
    for (const entries of batchesOf(unread.map(({ entry }) => entry))) {
      await writer.writeAll(entries, this.#disk, ({ digest, state }) => {
        const scanned = unread[position++];
        if (scanned) {
          scanned.digest = digest;
          scanned.isCertain = isStateOf(scanned.entry, state);
        }
      });
    }
  }

  /** Makes the digest and the tar at once. */
  async #packAll(batches: AsyncIterable<readonly ContextEntry[]> | Iterable<readonly ContextEntry[]>): Promise<void> {
    this.#isListed = true;
    const writer = this.#createWriter(this.#list, () => this.#reportEntries(false));
    const onWritten = ({ entry, headerBytes, digest, state }: Written): void => {
      this.#list.add(entry, headerBytes, digest);
      this.#remember(entry, digest, isStateOf(entry, state));
    };
    const knownDigest = (entry: ContextEntry, state: FileState): string | undefined => {
      const known = this.#index?.find(entry.path, state);
      return known?.isRacy === false && isStateOf(entry, state) ? known.digest : undefined;
    };
    for await (const entries of batches) {
      this.#output.throwIfAborted();
      await writer.writeAll(entries, this.#disk, onWritten, knownDigest);
    }
    writer.end();
    const summary = this.#list.summarize();
    this.#output.summarize(summary, summary.digest !== `sha256:${this.#index?.context}`);
    this.#output.finish(summary);
  }

  /** @param beforeWrite what the output has to get before the bytes of entries can be read */
  #createWriter(list: EntryList, beforeWrite = (): void => undefined): TarWriter {
    const writer: TarWriter = new TarWriter((bytes) => {
      this.#output.throwIfAborted();
      beforeWrite();
      this.#output.write(bytes);
      const { files, fileBytes } = list;
      this.#output.reportProgress({ files, bytes: fileBytes + writer.partialBytes, tarBytes: writer.length });
    });
    return writer;
  }

  #reportEntries(isComplete: boolean): void {
    const { rows, edits } = this.#list.take();
    for (let first = 0; first < rows.length; first += rowsAtOnce) {
      const isLast = first + rowsAtOnce >= rows.length;
      const some = JSON.stringify(rows.slice(first, first + rowsAtOnce));
      this.#output.addEntries(some, first === 0 ? edits : [], isComplete && isLast);
    }
  }

  #remember(entry: ContextEntry, digest: string, isCertain: boolean): void {
    if (isCertain && this.#input.index !== undefined && 'source' in entry) {
      this.#nextIndex.add(entry.path, entry.state, digest);
    }
  }
}

/** What was found or packed so far, and what it amounts to. */
class EntryList {
  files = 0;
  /** The size of the files. */
  fileBytes = 0;
  /** Where the next entry begins in the tar. */
  #offset = 0;
  #rows: PackedRow[] = [];
  #edits: StreamEdit[] = [];
  readonly #hash = createHash('sha256').update(digestVersion);
  #digests: string[] = [];
  #digest: string | undefined;

  add(entry: ContextEntry, headerBytes: number, digest: string): void {
    const { kind, path, mode, modifiedMs } = entry;
    const sizeOrTarget = 'target' in entry ? entry.target : 'size' in entry ? entry.size : 0;
    this.#addConfined(entry, headerBytes);
    this.#rows.push([kind, path, mode, modifiedMs, sizeOrTarget, headerBytes, digest]);
    this.count(entry, headerBytes, digest);
  }

  /** The same as {@link add}, without what {@link take} returns. */
  count(entry: ContextEntry, headerBytes: number, digest: string): void {
    const size = entry.kind === 'file' ? entry.size : 0;
    this.#digests.push(digest);
    if (this.#digests.length === digestsAtOnce) {
      this.#hash.update(this.#digests.join(''));
      this.#digests = [];
    }
    this.files += entry.kind === 'folder' ? 0 : 1;
    this.fileBytes += size;
    this.#offset += headerBytes + paddedSize(size);
  }

  /** What was added since it was called last. */
  take(): { rows: readonly PackedRow[]; edits: readonly StreamEdit[] } {
    const taken = { rows: this.#rows, edits: this.#edits };
    this.#rows = [];
    this.#edits = [];
    return taken;
  }

  /** To be called when everything was added. */
  summarize(): ContextSummary {
    this.#digest ??= this.#hash.update(this.#digests.join('')).digest('hex');
    const digest = `sha256:${this.#digest}`;
    return { files: this.files, bytes: this.fileBytes, tarBytes: this.#offset + endBytes, digest };
  }

  #addConfined(entry: ContextEntry, length: number): void {
    const target = entry.kind === 'symlink' ? confinedTarget(entry.path, entry.target) : undefined;
    if (entry.kind === 'symlink' && target !== undefined) {
      this.#edits.push({ start: this.#offset, length, bytes: tarHeader({ ...entry, target }) });
    }
  }
}

/** Whether a file is still what the walk found. */
function isStateOf(entry: ContextEntry, state: FileState | undefined): boolean {
  return state !== undefined && 'source' in entry && isSameState(entry.state, state);
}

/** The context itself, which no list of its files names. */
const contextFolder: ContextEntry = { kind: 'folder', path: '.', mode: 0o755, modifiedMs: 0 };

/**
 * Whether some files are read before the tar is made, to know its digest early: if they are few, or if all of them are known and
 * only have to be looked at again, so that the tar may not be needed.
 */
function isReadInAdvance(unread: readonly ScannedEntry[], scanned: readonly ScannedEntry[], index: FileIndex): boolean {
  const files = unread.flatMap(({ entry }) => ('source' in entry ? entry : []));
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const isLittle = files.length <= maxAdvanceFiles && bytes <= maxAdvanceBytes;
  return (
    isLittle ||
    (index.size === scanned.filter(({ entry }) => 'source' in entry).length &&
      files.every(({ path, state }) => index.find(path, state)))
  );
}

const batchEntries = 64;

function* batchesOf(entries: readonly ContextEntry[]): Generator<readonly ContextEntry[]> {
  for (let first = 0; first < entries.length; first += batchEntries) {
    yield entries.slice(first, first + batchEntries);
  }
}
