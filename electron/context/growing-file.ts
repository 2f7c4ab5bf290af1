import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';

/** Bytes that a reader reads from the disk at once, and that it buffers for its consumer. */
const readBytes = 512 * 1024;

/**
 * A file that grows at its end while any number of readers read it from its start, each at its own speed. What a slow reader
 * has not read yet is on disk, so it costs no memory but its own buffer.
 */
export class GrowingFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #readers = new Set<GrowingFileReader>();
  /** Emits `change` when there is more to read, at the end, and on failure. */
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #size = 0;
  #state: 'growing' | 'finished' | 'closed' = 'growing';
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /** @param handle an empty file, open for reading and writing, which {@link close} closes */
  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * Creates an empty file in a folder, and the folder if it is missing. On systems that allow it, the file has no name, so that
   * nothing is left behind if the process is killed. On Windows, {@link close} removes it.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  static async create(folder: string): Promise<GrowingFile> {
    const path = join(folder, `context-${randomUUID()}.tar`);
    try {
      await mkdir(folder, { recursive: true });
      const handle = await open(path, 'wx+', 0o600);
      if (process.platform !== 'win32') {
        await unlink(path);
      }
      return new GrowingFile(path, handle);
    } catch (error) {
      throw writeProblem(folder, error);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Must not be called again before it resolves. @throws Failure `disk.full` */
  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      try {
        written += (await this.#handle.write(bytes, written, bytes.length - written, this.#size + written))
          .bytesWritten;
      } catch (error) {
        throw writeProblem(this.#path, error);
      }
    }
    this.#size += bytes.length;
    this.#changes.emit('change');
  }

  /** To be called after the last append. Readers end when they have read everything. */
  finish(): void {
    if (this.#state === 'growing') {
      this.#state = 'finished';
    }
    this.#changes.emit('change');
  }

  /** Makes all current and later readers fail with this error. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const reader of this.#readers) {
      reader.destroy(this.#failure);
    }
    this.#changes.emit('change');
  }

  /** Opens a reader of the whole file or of a part of it. */
  open(options: ReadOptions = {}): Readable {
    const reader = new GrowingFileReader((buffer, position) => this.#read(buffer, position), options);
    this.#readers.add(reader);
    // Consumers get the error, too. Without this listener, the failure of an unused reader would end the process.
    reader.on('error', () => undefined);
    reader.once('close', () => this.#readers.delete(reader));
    if (this.#failure) {
      reader.destroy(this.#failure);
    }
    return reader;
  }

  /** Makes readers that are not at the end fail, closes the file, and removes it. May be called more than once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.fail(
      fail('build.cancelled', 'The packed context was closed while it was being read.', 'Start the build again.'),
    );
    await this.#handle.close(); // waits for pending reads
    if (process.platform === 'win32') {
      await unlink(this.#path).catch(() => undefined);
    }
  }

  /** Waits until there is data at `position`. Resolves with the number of bytes read, 0 at the end. */
  async #read(buffer: Buffer, position: number): Promise<number> {
    while (position >= this.#size) {
      if (this.#failure) {
        throw this.#failure;
      }
      if (this.#state !== 'growing') {
        return 0;
      }
      await new Promise<void>((resolve) => {
        this.#changes.once('change', resolve);
      });
    }
    const length = Math.min(buffer.length, this.#size - position);
    return (await this.#handle.read(buffer, 0, length, position)).bytesRead;
  }
}

export interface ReadOptions {
  /** The offset of the first byte, 0 by default. */
  readonly start?: number;
  /** The offset after the last byte. Without it, the reader ends with the file. */
  readonly end?: number;
  /** Called with the number of bytes of each chunk. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

class GrowingFileReader extends Readable {
  readonly #readAt: (buffer: Buffer, position: number) => Promise<number>;
  readonly #end: number;
  readonly #onBytes: ((bytes: number) => void) | undefined;
  #position: number;

  constructor(
    readAt: (buffer: Buffer, position: number) => Promise<number>,
    { start = 0, end = Number.POSITIVE_INFINITY, onBytes }: ReadOptions,
  ) {
    super({ highWaterMark: readBytes });
    this.#readAt = readAt;
    this.#position = start;
    this.#end = end;
    this.#onBytes = onBytes;
  }

  override _read(): void {
    this.#readNext().catch((error: unknown) => {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }

  async #readNext(): Promise<void> {
    // Each read gets a new buffer, because the consumer may keep the previous one for long.
    const buffer = Buffer.allocUnsafeSlow(Math.min(readBytes, this.#end - this.#position));
    const bytes = buffer.length === 0 ? 0 : await this.#readAt(buffer, this.#position);
    if (this.destroyed) {
      return;
    }
    if (bytes === 0) {
      this.push(null);
      return;
    }
    this.#position += bytes;
    this.#onBytes?.(bytes);
    this.push(bytes < buffer.length ? buffer.subarray(0, bytes) : buffer);
  }
}

function writeProblem(path: string, error: unknown): Error {
  const code = errnoCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return fail(
      'disk.full',
      `The disk is full: the context could not be packed into ${path}.`,
      'Free some space there, or exclude files that the build does not need with .dockerignore.',
      error instanceof Error ? error.message : undefined,
      error,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return fail(
      'settings.unwritable',
      `The context could not be packed into ${path}: it is not writable (${code}).`,
      'Make the folder writable, or set TMPDIR to another folder for temporary files.',
      error instanceof Error ? error.message : undefined,
      error,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
