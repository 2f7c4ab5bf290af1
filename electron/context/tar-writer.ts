import { createHash, hash } from 'node:crypto';
import { type OpenFile, readFile, withFile } from './read-file.ts';
import { endBytes, maxHeaderBytes, paddedSize, writeTarHeader } from './tar-header.ts';
import { type ContextEntry, type FileState, readProblem } from './walk.ts';
import type { Yielder } from './yielder.ts';

/** A file with a source, whose content is read when it is packed. */
type SourceFile = Extract<ContextEntry, { readonly source: string }>;

/** What was written of an entry. */
export interface Written {
  readonly entry: ContextEntry;
  readonly headerBytes: number;
  /** SHA-256 of its header and its content, in hex. Undefined if it was not asked for. */
  readonly digest: string;
  /** What the file was when its content was read. */
  readonly state?: FileState;
}

const noContent = Buffer.alloc(0);

/** Files up to this size are read whole, with one call. */
const smallFileBytes = 256 * 1024;

/** The tar is hashed and written in pieces of up to this size. */
const bufferBytes = 1024 * 1024;
const flushBytes = 512 * 1024;

/**
 * Turns entries into the bytes of a tar. One buffer holds all that is read, and is written as soon as it is half full.
 */
export class TarWriter {
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  #used = 0;
  #offset = 0;
  #partial = 0;
  readonly #write: (bytes: Buffer) => void;

  /** @param write takes the next bytes of the tar, which are overwritten when it has returned */
  constructor(write: (bytes: Buffer) => void) {
    this.#write = write;
  }

  /** The length of the tar so far. */
  get length(): number {
    return this.#offset + this.#used;
  }

  /** How much was written of the content of a file that is not complete. */
  get partialBytes(): number {
    return this.#partial;
  }

  /**
   * Writes entries in their order.
   * @param knownDigest the digest of a file that is certain to be in this state still, so that its content is not hashed again
   * @param onWritten called after each entry
   * @throws Failure `context.unreadable`, `context.changed`
   */
  async writeAll(
    entries: readonly ContextEntry[],
    disk: Yielder,
    onWritten: (written: Written) => void,
    knownDigest: (entry: SourceFile, state: FileState) => string | undefined = () => undefined,
  ): Promise<void> {
    const complete = (written: Written): void => {
      onWritten(written);
      this.#partial = 0;
    };
    let position = 0;
    while (position < entries.length) {
      const entry = entries[position];
      if (entry && !isSmallFile(entry)) {
        complete(this.#writeEntry(entry, knownDigest));
        position++;
        continue;
      }
      const end = entries.findIndex((other, index) => index > position && !isSmallFile(other));
      const files = entries.slice(position, end < 0 ? entries.length : end).filter(isSmallFile);
      position += files.length;
      const loaded = await disk.map(
        files,
        (file) => {
          complete(this.#writeEntry(file, knownDigest));
          return undefined;
        },
        (file) => load(file),
      );
      for (const [index, content] of loaded.entries()) {
        const file = files[index];
        if (content && file) {
          complete(this.#writeSmall(file, content, knownDigest));
        }
      }
    }
  }

  /** Writes the end of the tar. */
  end(): void {
    this.#reserve(endBytes);
    this.#buffer.fill(0, this.#used, this.#used + endBytes);
    this.#used += endBytes;
    this.flush();
  }

  flush(): void {
    if (this.#used > 0) {
      this.#write(this.#buffer.subarray(0, this.#used));
      this.#offset += this.#used;
      this.#used = 0;
    }
  }

  #writeEntry(entry: ContextEntry, knownDigest: KnownDigest): Written {
    if (!('source' in entry)) {
      const content = 'content' in entry ? entry.content : noContent;
      this.#reserve(maxHeaderBytes);
      const start = this.#used;
      const headerBytes = this.#writeHeader(entry);
      const header = this.#buffer.subarray(start, this.#used);
      const digest = hash('sha256', content.length > 0 ? Buffer.concat([header, content]) : header);
      this.#append(content);
      this.#pad(content.length);
      return { entry, headerBytes, digest };
    }
    try {
      return withFile(entry.source, (file) =>
        entry.size <= smallFileBytes
          ? this.#writeSmall(entry, file, knownDigest)
          : this.#writeLarge(entry, file, knownDigest),
      );
    } catch (error) {
      throw readProblem(entry.source, error);
    }
  }

  /** A small file is beside its header in the buffer, so that one call hashes both. */
  #writeSmall(entry: SourceFile, { state, fill }: OpenFile, knownDigest: KnownDigest): Written {
    this.#reserve(maxHeaderBytes + paddedSize(entry.size));
    const start = this.#used;
    const headerBytes = this.#writeHeader(entry);
    const end = this.#used + entry.size;
    fill(this.#buffer, this.#used, end);
    this.#used = end;
    const digest = knownDigest(entry, state) ?? hash('sha256', this.#buffer.subarray(start, end));
    this.#pad(entry.size);
    return { entry, headerBytes, digest, state };
  }

  #writeLarge(entry: SourceFile, { state, fill }: OpenFile, knownDigest: KnownDigest): Written {
    const known = knownDigest(entry, state);
    this.#reserve(maxHeaderBytes);
    const start = this.#used;
    const headerBytes = this.#writeHeader(entry);
    const hashed = createHash('sha256').update(this.#buffer.subarray(start, this.#used));
    for (let rest = entry.size; rest > 0; ) {
      this.#reserve(1);
      const end = Math.min(this.#used + rest, flushBytes);
      fill(this.#buffer, this.#used, end);
      if (known === undefined) {
        hashed.update(this.#buffer.subarray(this.#used, end));
      }
      rest -= end - this.#used;
      this.#partial += end - this.#used;
      this.#used = end;
    }
    this.#pad(entry.size);
    return { entry, headerBytes, digest: known ?? hashed.digest('hex'), state };
  }

  #writeHeader(entry: ContextEntry): number {
    const bytes = writeTarHeader(entry, this.#buffer, this.#used);
    this.#used += bytes;
    return bytes;
  }

  #append(bytes: Buffer): void {
    for (let copied = 0; copied < bytes.length; ) {
      this.#reserve(1);
      const count = bytes.copy(this.#buffer, this.#used, copied);
      this.#used += count;
      copied += count;
    }
  }

  #pad(size: number): void {
    const padding = paddedSize(size) - size;
    this.#reserve(padding);
    this.#buffer.fill(0, this.#used, this.#used + padding);
    this.#used += padding;
  }

  /** Makes room for some bytes. */
  #reserve(bytes: number): void {
    if (this.#used + bytes > bufferBytes || this.#used >= flushBytes) {
      this.flush();
    }
  }
}

type KnownDigest = (entry: SourceFile, state: FileState) => string | undefined;

function isSmallFile(entry: ContextEntry): entry is SourceFile {
  return entry.kind === 'file' && 'source' in entry && entry.size <= smallFileBytes;
}

/** A small file that was read already. */
async function load({ source, size }: SourceFile): Promise<OpenFile> {
  const { state, content } = await readFile(source, size).catch((error: unknown) => {
    throw readProblem(source, error);
  });
  return { state, fill: (buffer, start) => void content.copy(buffer, start) };
}
