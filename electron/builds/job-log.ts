import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import type { CallOutput } from '../../shared/contract.ts';
import { formatBytes } from '../../shared/format.ts';
import { problemOf } from '../../shared/problem.ts';
import type { Step } from '../../shared/step.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { diskFailure } from '../system/file-errors.ts';
import { encodeRecord, type LineFacts, readRecords, recordsPath } from './line-records.ts';
import { linesFrom, readLines } from './log-text.ts';
import { readOldLog } from './old-log.ts';

/** Longer lines are cut in the tail, in characters. */
const maxTailLineLength = 2000;

/** A log has no more text than this, in bytes. */
const maxLogBytes = 256 * 1024 * 1024;

/** When more than this waits to be written, in bytes, the program that prints has to wait for the disk. */
const maxBufferedBytes = 4 * 1024 * 1024;

/**
 * A range of a log, and how many lines the log has. May have fewer lines than requested if they are long or not yet on
 * disk. Logs of older versions have no facts.
 */
export interface LogRange {
  readonly lines: string[];
  readonly facts?: readonly LineFacts[];
  readonly total: number;
}

export interface JobLogOptions {
  /** How many of the newest lines {@link JobLog.tail} has. */
  readonly tailLength?: number;
  /** The limit of its text, in bytes. */
  readonly maxBytes?: number;
}

/**
 * The log of one job. Lines are written to disk as they arrive and read back in ranges: their text in one file, the facts about
 * them in another.
 */
export class JobLog {
  readonly #path: string;
  readonly #text: WriteStream;
  readonly #records: WriteStream;
  #length = 0;
  #bytes = 0;
  /** The newest lines, for the summary of a failure, also those that were left out. Long lines are cut. */
  readonly #tail: string[] = [];
  readonly #tailLength: number;
  readonly #maxBytes: number;
  /** Why lines are no longer added, if they are not. */
  #end: 'full' | 'unwritable' | undefined;
  /** The error of the disk that no line has reported yet. */
  #error: unknown;

  private constructor(path: string, { tailLength = 20, maxBytes = maxLogBytes }: JobLogOptions) {
    this.#path = path;
    this.#tailLength = tailLength;
    this.#maxBytes = maxBytes;
    this.#text = createWriteStream(path, { flags: 'w', mode: 0o600 });
    this.#records = createWriteStream(recordsPath(path), { flags: 'w', mode: 0o600 });
  }

  /** @throws Failure `disk.full`, `settings.unwritable` */
  static async create(path: string, options: JobLogOptions = {}): Promise<JobLog> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    const log = new JobLog(path, options);
    // a log that cannot be written does not fail the build: the part that is on disk can still be read
    const onError = (error: unknown): void => {
      log.#error ??= error;
    };
    log.#text.on('error', onError);
    log.#records.on('error', onError);
    return log;
  }

  /** The number of its lines. */
  get length(): number {
    return this.#length;
  }

  get tail(): string[] {
    return [...this.#tail];
  }

  /** The number of the first line of {@link tail}. Undefined if lines were left out. */
  get tailFrom(): number | undefined {
    return this.#end ? undefined : this.#length - this.#tail.length;
  }

  /**
   * Appends one line.
   * @returns its number, counted from 0, and its text. The line that reaches the limit of the log, and the first one after
   *   the disk has failed, is replaced by a note. Undefined for those after it, which are left out.
   */
  append(text: string, facts: LineFacts): { readonly number: number; readonly line: string } | undefined {
    const line = text.replaceAll('\n', ' ');
    this.#tail.push(line.length > maxTailLineLength ? `${line.slice(0, maxTailLineLength)}…` : line);
    if (this.#tail.length > this.#tailLength) {
      this.#tail.shift();
    }
    if (this.#end) {
      return undefined;
    }
    if (this.#error !== undefined) {
      this.#end = 'unwritable';
      const { message } = problemOf(diskFailure(this.#error, this.#path));
      return { number: this.#length, line: `The log cannot be written: ${message} Further output is left out.` };
    }
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#bytes + bytes > this.#maxBytes) {
      this.#end = 'full';
      const limit = formatBytes(this.#maxBytes);
      return this.#write(`Further output is left out: the log has reached its limit of ${limit}.`, facts);
    }
    return this.#write(line, facts);
  }

  /** Resolves when the disk can take more. Undefined if it can now. */
  get drained(): Promise<void> | undefined {
    const stream = this.#text;
    if (stream.writableLength < maxBufferedBytes || stream.destroyed) {
      return undefined;
    }
    return new Promise((resolve) => {
      const onReady = (): void => {
        stream.off('drain', onReady);
        stream.off('close', onReady);
        resolve();
      };
      stream.on('drain', onReady);
      stream.on('close', onReady);
    });
  }

  async read(from: number, count: number): Promise<LogRange> {
    const range = await readLog(this.#path, from, count);
    // the newest lines may still be on their way to the disk, unless the disk has failed
    return this.#error === undefined ? { ...range, total: this.#length } : range;
  }

  #write(line: string, facts: LineFacts): { readonly number: number; readonly line: string } {
    this.#records.write(encodeRecord({ ...facts, offset: this.#bytes }));
    this.#text.write(`${line}\n`);
    this.#bytes += Buffer.byteLength(line) + 1;
    this.#length += 1;
    return { number: this.#length - 1, line };
  }

  async close(): Promise<void> {
    this.#text.end();
    this.#records.end();
    await Promise.all([this.#text, this.#records].map((stream) => finished(stream).catch(() => undefined)));
  }
}

/** Reads a range of a log, which another process may be writing. A missing log has no lines. */
export async function readLog(path: string, from: number, count: number): Promise<LogRange> {
  const found = await readRecords(path, from, count);
  if (!found) {
    return readOldLog(path, from, count);
  }
  const { records, total } = found;
  const [first] = records;
  const lines = first ? await readLines(path, first.offset, 0, records.length) : [];
  return { lines, facts: records.slice(0, lines.length), total };
}

/** Lines as front ends get them. A line of an attempt on a lost node belongs to no step of its job. */
export function withStepIds(
  { lines, facts, total }: LogRange,
  steps: readonly Pick<Step, 'id' | 'firstLine'>[],
): CallOutput<'builds.log'> {
  if (!facts) {
    return { lines, total };
  }
  const idOfLine = new Map(steps.map(({ id, firstLine }) => [firstLine, id]));
  return {
    lines,
    total,
    stepIds: facts.map(({ stepLine }) => (stepLine === undefined ? null : (idOfLine.get(stepLine) ?? null))),
    times: facts.map(({ time }) => time),
    streams: facts.map(({ stream }) => stream),
  };
}

export interface LogSearch {
  readonly text: string;
  /** How many lines are found at most. */
  readonly limit: number;
  /** Whether to return a part of each line. */
  readonly excerpts?: boolean;
}

/**
 * The numbers of the lines that contain a text, ignoring case and colours. A missing log has none.
 * @throws the reason of the signal
 */
export async function searchLog(
  path: string,
  { text, limit, excerpts = false }: LogSearch,
  signal?: AbortSignal,
): Promise<CallOutput<'builds.search'>> {
  const needle = text.toLowerCase();
  const matches: number[] = [];
  const parts: string[] = [];
  const result = (more: boolean): CallOutput<'builds.search'> => ({
    lines: matches,
    more,
    ...(excerpts ? { excerpts: parts } : {}),
  });
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) {
    return result(false);
  }
  let number = 0;
  for await (const lines of linesFrom(handle, 0)) {
    signal?.throwIfAborted();
    for (const line of lines) {
      const plain = line.includes('\x1b') ? line.replaceAll(colourCode, '') : line;
      const at = plain.toLowerCase().indexOf(needle);
      if (at >= 0) {
        if (matches.length === limit) {
          return result(true);
        }
        matches.push(number);
        if (excerpts) {
          parts.push(excerptAt(plain, at));
        }
      }
      number += 1;
    }
  }
  return result(false);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const colourCode = /\x1b\[[0-9;:]*m/g;

/** How many characters of a line an excerpt has, and how many of them before the match. */
const excerptLength = 200;
const excerptBefore = 40;

/** The part of a line around a match, without control characters. */
function excerptAt(line: string, at: number): string {
  const from = at + excerptBefore < excerptLength ? 0 : at - excerptBefore;
  const part = sanitizeLine(line.slice(from, from + excerptLength), excerptLength);
  return from === 0 ? part : `…${part}`;
}
