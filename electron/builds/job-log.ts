import { createWriteStream, type WriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { diskFailure } from '../system/file-errors.ts';

/** The index has the offset of every n-th line, so that a range is found without reading all lines before it. */
const lineStride = 256;

/**
 * A read stops after this many characters, even if it has fewer lines than requested. A line may have 64 Ki characters.
 */
const maxReadCharacters = 16 * 1024 * 1024;

/** Longer lines are cut in the tail, in characters. */
const maxTailLineLength = 2000;

/** Byte offsets of every {@link lineStride}-th line of a log, and the size of the log. */
const indexSchema = z.object({ lines: z.number(), bytes: z.number(), offsets: z.array(z.number()) });
type LogIndex = z.infer<typeof indexSchema>;

/**
 * A range of a log, and how many lines the log has. May have fewer lines than requested if they are long or not yet on
 * disk.
 */
export interface LogRange {
  readonly lines: string[];
  readonly total: number;
}

/** The log of one job. Lines are written to disk as they arrive and read back in ranges. */
export class JobLog {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #index: LogIndex = { lines: 0, bytes: 0, offsets: [] };
  /** The newest lines, for the summary of a failure. Long lines are cut. */
  readonly #tail: string[] = [];
  readonly #tailLength: number;

  private constructor(path: string, tailLength: number) {
    this.#path = path;
    this.#tailLength = tailLength;
    this.#stream = createWriteStream(path, { flags: 'w' });
  }

  /**
   * @param tailLength how many of the newest lines {@link tail} has.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  static async create(path: string, tailLength = 20): Promise<JobLog> {
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    const log = new JobLog(path, tailLength);
    // a log that cannot be written does not fail the build: the part that is on disk can still be read
    log.#stream.on('error', () => undefined);
    return log;
  }

  /** Appends one line and returns its number, counted from 0. */
  append(text: string): number {
    const line = text.replaceAll('\n', ' ');
    const number = this.#index.lines;
    if (number % lineStride === 0) {
      this.#index.offsets.push(this.#index.bytes);
    }
    this.#index.lines += 1;
    this.#index.bytes += Buffer.byteLength(line) + 1;
    this.#stream.write(`${line}\n`);
    this.#tail.push(line.length > maxTailLineLength ? `${line.slice(0, maxTailLineLength)}…` : line);
    if (this.#tail.length > this.#tailLength) {
      this.#tail.shift();
    }
    return number;
  }

  get tail(): string[] {
    return [...this.#tail];
  }

  read(from: number, count: number): Promise<LogRange> {
    return readRange(this.#path, this.#index, from, count);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream).catch(() => undefined);
    const handle = await open(indexPath(this.#path), 'w').catch(() => undefined);
    await handle?.writeFile(JSON.stringify(this.#index)).catch(() => undefined);
    await handle?.close();
  }
}

/** Reads a range of a log that no running job of this process writes. A missing log has no lines. */
export async function readLog(path: string, from: number, count: number): Promise<LogRange> {
  const index = (await loadIndex(path)) ?? (await createIndex(path));
  return readRange(path, index, from, count);
}

/** The numbers of the lines that contain a text, ignoring case, at most `limit`. A missing log has none. */
export async function searchLog(
  path: string,
  text: string,
  limit: number,
): Promise<{ lines: number[]; more: boolean }> {
  const needle = text.toLowerCase();
  const matches: number[] = [];
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) {
    return { lines: [], more: false };
  }
  let number = 0;
  for await (const lines of linesFrom(handle, 0)) {
    for (const line of lines) {
      if (line.toLowerCase().includes(needle)) {
        if (matches.length === limit) {
          return { lines: matches, more: true };
        }
        matches.push(number);
      }
      number += 1;
    }
  }
  return { lines: matches, more: false };
}

/**
 * Yields the complete lines of a file from an offset on, a chunk at a time. Text after the last `\n` is still being
 * written and is left out. Only `\n` ends a line: programs print other characters that count as line ends elsewhere.
 * Closes the file.
 */
async function* linesFrom(handle: FileHandle, start: number): AsyncGenerator<string[]> {
  let rest = '';
  for await (const chunk of handle.createReadStream({ start, encoding: 'utf8', highWaterMark: 256 * 1024 })) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
}

function indexPath(path: string): string {
  return `${path}.index`;
}

async function loadIndex(path: string): Promise<LogIndex | undefined> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(indexPath(path), 'utf8')));
  } catch {
    return undefined; // the app was closed before it wrote the index
  }
}

/** Creates the index by reading the whole log. */
async function createIndex(path: string): Promise<LogIndex> {
  const index: LogIndex = { lines: 0, bytes: 0, offsets: [] };
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) {
    return index;
  }
  let isAtLineStart = true;
  for await (const chunk of handle.createReadStream()) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    for (let at = 0; at < bytes.length; ) {
      if (isAtLineStart && index.lines % lineStride === 0) {
        index.offsets.push(index.bytes + at);
      }
      const end = bytes.indexOf(0x0a, at);
      isAtLineStart = end >= 0;
      if (end < 0) {
        break;
      }
      index.lines += 1;
      at = end + 1;
    }
    index.bytes += bytes.length;
  }
  return index;
}

async function readRange(path: string, index: LogIndex, from: number, count: number): Promise<LogRange> {
  const start = index.offsets[Math.floor(from / lineStride)];
  if (from >= index.lines || start === undefined) {
    return { lines: [], total: index.lines };
  }
  // the newest lines are possibly still being written
  const handle = await open(path, 'r').catch(() => undefined);
  const range: string[] = [];
  let skip = from % lineStride;
  let characters = 0;
  for await (const lines of handle ? linesFrom(handle, start) : []) {
    for (const line of lines.slice(skip, skip + count - range.length)) {
      range.push(line);
      characters += line.length;
    }
    skip = Math.max(0, skip - lines.length);
    if (range.length === count || characters >= maxReadCharacters) {
      break;
    }
  }
  return { lines: range, total: index.lines };
}
