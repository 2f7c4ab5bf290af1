/** Unpacks an archive into a new folder. The archive is not trusted: nothing is written outside the folder. */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, link, lstat, lutimes, mkdir, open, rm, symlink, utimes } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { Failure, fail } from '../../shared/failure.ts';
import { formatBytes } from '../../shared/format.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { zlibChunks } from '../system/zlib-chunks.ts';

export interface UnpackOptions {
  /** What the archive is called in messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** Called with the bytes that were read of the archive. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** By default 64 GiB and 2 million. */
  readonly maxBytes?: number;
  readonly maxEntries?: number;
}

export type ArchiveFormat = 'tar' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const headBytes = 512;
const progressBytes = 512 * 1024;

/** Programs that decompress what Node cannot. */
const programs = { zstd: 'zstd', xz: 'xz', bzip2: 'bzip2' } as const;

/** Tells an archive by its first bytes. Undefined for anything else. */
export function archiveFormat(head: Buffer): ArchiveFormat | undefined {
  const startsWith = (...bytes: number[]): boolean => bytes.every((byte, index) => head[index] === byte);
  if (startsWith(0x1f, 0x8b)) {
    return 'gzip';
  }
  if (startsWith(0x28, 0xb5, 0x2f, 0xfd)) {
    return 'zstd';
  }
  if (startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)) {
    return 'xz';
  }
  if (startsWith(0x42, 0x5a, 0x68) && head.subarray(4, 10).equals(Buffer.from('314159265359', 'hex'))) {
    return 'bzip2';
  }
  return isTarHeader(head) ? 'tar' : undefined;
}

/** Old tars have no mark, so that only the sum of the header tells them. An empty tar is two empty blocks. */
function isTarHeader(head: Buffer): boolean {
  if (head.length < headBytes) {
    return false;
  }
  if (head.every((byte) => byte === 0)) {
    return true;
  }
  const written = Number.parseInt(head.toString('latin1', 148, 156).replaceAll('\0', ' ').trim(), 8);
  const sum = head.subarray(0, headBytes).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  return written === sum;
}

/** The first bytes of a file, enough for {@link archiveFormat}. */
export async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * @param folder an empty folder
 * @throws Failure `context.archive`, `context.unreadable`, `disk.full`; the reason of the signal
 */
export async function unpack(path: string, folder: string, options: UnpackOptions): Promise<void> {
  const { name, signal, onProgress } = options;
  const format = archiveFormat(await readHead(path));
  if (!format) {
    throw fail(
      'context.archive',
      `${name} is not an archive.`,
      'Use a folder, or a tar, plain or compressed by gzip, zstd, xz or bzip2. A Containerfile is named with -f FILE FOLDER.',
    );
  }
  const file = createReadStream(path, { highWaterMark: progressBytes });
  let bytes = 0;
  file.on('data', (chunk) => {
    bytes += chunk.length;
    onProgress?.(bytes);
  });
  const tar = extract();
  const target = new UnpackedFolder(folder, options);
  tar.on('entry', (header, content, next) => {
    target.add(header, content).then(
      () => next(),
      (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  const decompressing = decompressor(format, signal);
  try {
    await (decompressing === undefined
      ? pipeline(file, tar, { signal })
      : Array.isArray(decompressing)
        ? Promise.all([
            pipeline(file, decompressing[0], { signal }),
            pipeline(decompressing[1], tar, { signal }),
            decompressing[2],
          ])
        : pipeline(file, decompressing, tar, { signal }));
    await target.finish();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Failure ? error : archiveFailure(error, name, format, folder);
  }
}

function archiveFailure(error: unknown, name: string, format: ArchiveFormat, folder: string): unknown {
  if (errnoCode(error) === 'ENOENT' && format in programs) {
    return fail(
      'context.archive',
      `${name} is compressed by ${format}, and there is no program for that on this computer.`,
      `Install ${format}, or compress the archive with gzip.`,
    );
  }
  const known = diskFailure(error, folder);
  return known instanceof Failure
    ? known
    : fail(
        'context.archive',
        `${name} cannot be unpacked.`,
        'Make the archive again.',
        error instanceof Error ? error.message : undefined,
        error,
      );
}

/** Undefined for a plain tar; the ends of a program, and when it has ended well, where Node cannot. */
function decompressor(
  format: ArchiveFormat,
  signal: AbortSignal,
): undefined | Transform | [NodeJS.WritableStream, Readable, Promise<void>] {
  if (format === 'tar') {
    return undefined;
  }
  if (format === 'gzip') {
    return createGunzip(zlibChunks);
  }
  const child = spawn(programs[format], ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'], signal });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${programs[format]} ended with ${code}`)),
    );
  });
  ended.catch(() => undefined);
  return [child.stdin, child.stdout, ended];
}

const defaultMaxBytes = 64 * 1024 ** 3;
const defaultMaxEntries = 2_000_000;

/** Only what is written through a link leaves the folder, so links are made after everything else. */
class UnpackedFolder {
  readonly #folder: string;
  readonly #options: UnpackOptions;
  /** By their paths in the archive. */
  readonly #symlinks = new Map<string, Header>();
  readonly #hardLinks: [path: string, target: string][] = [];
  /** Paths of folders, with their modes and times: writing into them changes their times, and may need other modes. */
  readonly #folders = new Map<string, Header>();
  #bytes = 0;
  #entries = 0;

  constructor(folder: string, options: UnpackOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async add(header: Header, content: AsyncIterable<unknown>): Promise<void> {
    const { name, maxBytes = defaultMaxBytes, maxEntries = defaultMaxEntries, signal } = this.#options;
    signal.throwIfAborted();
    this.#entries += 1;
    this.#bytes += header.size;
    if (this.#entries > maxEntries || this.#bytes > maxBytes) {
      throw fail(
        'context.archive',
        `${name} has more than ${maxEntries} files or ${formatBytes(maxBytes)}.`,
        'Leave out what the build does not need.',
      );
    }
    const path = this.#inside(header.name);
    switch (header.type) {
      case 'file':
      case 'contiguous-file':
        return this.#writeFile(path, header, content);
      case 'directory':
        this.#forgetLink(path);
        await this.#makeFolder(path);
        this.#folders.set(path, header);
        break;
      case 'symlink':
        if (path !== '.') {
          await this.#remove(path);
          this.#symlinks.set(path, header);
        }
        break;
      case 'link':
        this.#forgetLink(path);
        this.#hardLinks.push([path, this.#inside(header.linkname)]);
        break;
      default:
        break; // devices and pipes are no part of a context
    }
    for await (const _ of content) {
      // an entry without content may have some, which is left out
    }
  }

  async finish(): Promise<void> {
    for (const [path, target] of this.#hardLinks) {
      await this.#makeFolder(posix.dirname(path));
      await this.#linkFile(path, target);
    }
    for (const [path, { linkname, mtime }] of this.#symlinks) {
      await this.#makeFolder(posix.dirname(path));
      const full = join(this.#folder, path);
      await rm(full, { recursive: true, force: true });
      await symlink(linkname, full);
      await lutimes(full, mtime, mtime);
    }
    // what is in a folder before the folder
    for (const [path, { mode, mtime }] of [...this.#folders].reverse()) {
      const full = join(this.#folder, path);
      if (
        this.#linkAbove(path) === undefined &&
        (await lstat(full).catch(() => undefined))?.isDirectory() &&
        path !== '.'
      ) {
        await utimes(full, mtime, mtime);
        await chmod(full, (mode & 0o7777) | 0o700);
      }
    }
  }

  async #writeFile(path: string, { mode, mtime }: Header, content: AsyncIterable<unknown>): Promise<void> {
    this.#forgetLink(path);
    await this.#makeFolder(posix.dirname(path));
    await this.#remove(path);
    const full = join(this.#folder, path);
    await pipeline(content, createWriteStream(full, { flags: 'wx', mode: 0o600 }), { signal: this.#options.signal });
    // without its owner's right to read it, it could not be sent
    await chmod(full, (mode & 0o7777) | 0o400);
    await utimes(full, mtime, mtime);
  }

  async #linkFile(path: string, target: string): Promise<void> {
    const stats = await lstat(join(this.#folder, target)).catch(() => undefined);
    if (!stats?.isFile()) {
      const header = this.#symlinks.get(target);
      if (!header) {
        throw fail(
          'context.archive',
          `${this.#options.name} has a link ${sanitizeLine(path)} to ${sanitizeLine(target)}, which is no file of it.`,
          'Make the archive again.',
        );
      }
      this.#symlinks.set(path, header);
      return;
    }
    await this.#remove(path);
    await link(join(this.#folder, target), join(this.#folder, path));
  }

  /** A later entry replaces an earlier one. Only folders stay, which are merged. */
  async #remove(path: string): Promise<void> {
    await rm(join(this.#folder, path), { recursive: true, force: true });
  }

  #forgetLink(path: string): void {
    this.#symlinks.delete(path);
  }

  /** The path itself, or the folder above it, that is a link. */
  #linkAbove(path: string): string | undefined {
    for (let parent = path; parent !== '.' && parent !== '/'; parent = posix.dirname(parent)) {
      if (this.#symlinks.has(parent)) {
        return parent;
      }
    }
    return undefined;
  }

  async #makeFolder(path: string): Promise<void> {
    const parent = this.#linkAbove(path);
    if (parent !== undefined) {
      throw fail(
        'context.archive',
        `${this.#options.name} has ${sanitizeLine(path)}, whose folder ${sanitizeLine(parent)} is a link.`,
        'Make the archive again.',
      );
    }
    await mkdir(join(this.#folder, path), { recursive: true, mode: 0o755 });
  }

  /** @throws Failure `context.archive` for a path that leads out of the folder */
  #inside(name: string): string {
    const path = posix.normalize(name.replace(/^\/+/, '')).replace(/\/$/, '');
    if (
      path === '..' ||
      path.startsWith('../') ||
      name.includes('\0') ||
      (process.platform === 'win32' && /[\\:]/.test(name))
    ) {
      throw fail(
        'context.archive',
        `${this.#options.name} has ${sanitizeLine(name)}, which is outside the archive.`,
        'Make the archive again, from inside the project folder.',
      );
    }
    return path === '' ? '.' : path;
  }
}
