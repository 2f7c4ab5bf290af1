import { createWriteStream, type WriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { diskFailure } from '../system/file-errors.ts';

/** A line's place is kept for every n-th line, so that a range of a million lines is found without reading them all. */
const lineStride = 256;

/** A read gives fewer lines than it was asked for once it has so many characters: lines may have 64 Ki of them. */
const mostCharacters = 16 * 1024 * 1024;

/** How much of a line is kept for a failure's summary, in characters. */
const tailWidth = 2000;

/** Where every {@link lineStride}-th line of a log begins, in bytes, and how many lines there are. */
const indexSchema = z.object({ lines: z.number(), bytes: z.number(), offsets: z.array(z.number()) });
type LogIndex = z.infer<typeof indexSchema>;

/** A range of a log and how many lines the log has. Fewer than asked for where they are long, or not on disk yet. */
export interface LogRange {
  readonly lines: string[];
  readonly total: number;
}

/** The log of one job: written to disk line by line as it comes, read back in ranges, never held in memory. */
export class JobLog {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #index: LogIndex = { lines: 0, bytes: 0, offsets: [] };
  /** The newest lines, long ones cut, for a failure's summary. */
  readonly #tail: string[] = [];
  readonly #tailLength: number;

  private constructor(path: string, tailLength: number) {
    this.#path = path;
    this.#tailLength = tailLength;
    this.#stream = createWriteStream(path, { flags: 'w' });
  }

  /** @param tailLength how many of the newest lines {@link tail} gives. @throws Failure `disk.full`, `settings.unwritable` */
  static async create(path: string, tailLength = 20): Promise<JobLog> {
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    const log = new JobLog(path, tailLength);
    // a log that cannot be written must not end a build that can go on; reading it shows what is there
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
    this.#tail.push(line.length > tailWidth ? `${line.slice(0, tailWidth)}…` : line);
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

/** Reads a range of a log that no running build of this process writes. A missing log has no lines. */
export async function readLog(path: string, from: number, count: number): Promise<LogRange> {
  const index = (await loadIndex(path)) ?? (await scan(path));
  return readRange(path, index, from, count);
}

/** The numbers of the lines that hold a text, upper and lower case alike. A missing log has none. */
export async function searchLog(
  path: string,
  text: string,
  limit: number,
): Promise<{ lines: number[]; more: boolean }> {
  const wanted = text.toLowerCase();
  const found: number[] = [];
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) {
    return { lines: [], more: false };
  }
  let number = 0;
  for await (const lines of linesFrom(handle, 0)) {
    for (const line of lines) {
      if (line.toLowerCase().includes(wanted)) {
        if (found.length === limit) {
          return { lines: found, more: true };
        }
        found.push(number);
      }
      number += 1;
    }
  }
  return { lines: found, more: false };
}

/**
 * The whole lines of a file from a byte on, some at a time; what stands behind the last line end is still being written. Only
 * `\n` ends a line: a program may print every other sign that is taken for a line end elsewhere. Closes the file.
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
    return undefined; // the app ended before it was written
  }
}

/** Makes the index anew by reading the log once. */
async function scan(path: string): Promise<LogIndex> {
  const index: LogIndex = { lines: 0, bytes: 0, offsets: [] };
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) {
    return index;
  }
  let atStart = true;
  for await (const chunk of handle.createReadStream()) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    for (let at = 0; at < bytes.length; ) {
      if (atStart && index.lines % lineStride === 0) {
        index.offsets.push(index.bytes + at);
      }
      const end = bytes.indexOf(0x0a, at);
      atStart = end >= 0;
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
  // what was appended may not be on disk yet; what is there is what can be read
  const handle = await open(path, 'r').catch(() => undefined);
  const found: string[] = [];
  let skip = from % lineStride;
  let characters = 0;
  for await (const lines of handle ? linesFrom(handle, start) : []) {
    for (const line of lines.slice(skip, skip + count - found.length)) {
      found.push(line);
      characters += line.length;
    }
    skip = Math.max(0, skip - lines.length);
    if (found.length === count || characters >= mostCharacters) {
      break;
    }
  }
  return { lines: found, total: index.lines };
}
