import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fail } from '../../shared/failure.ts';
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
      throw spoolProblem(folder, error);
    }
  }

  /** The file as something else writes it. */
  get descriptor(): number {
    return this.#handle.fd;
  }

  get path(): string {
    return this.#path;
  }

  /** To be called when the file has become longer. */
  grow(size: number): void {
    this.#size = size;
    this.#changes.emit('change');
  }

  /** To be called when the file is complete. Readers end when they have read everything. */
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

  /** Resolves as soon as it is known whether the file has at least that many bytes. Rejects if it fails before. */
  async reaches(bytes: number): Promise<boolean> {
    await this.#wait(bytes - 1);
    return this.#size >= bytes;
  }

  /** Waits until there is data at `position`. Resolves with the number of bytes read, 0 at the end. */
  async #read(buffer: Buffer, position: number): Promise<number> {
    await this.#wait(position);
    const length = Math.min(buffer.length, this.#size - position);
    return length <= 0 ? 0 : (await this.#handle.read(buffer, 0, length, position)).bytesRead;
  }

  /** Waits until there is data at `position`, or the file is complete. */
  async #wait(position: number): Promise<void> {
    while (position >= this.#size && this.#state === 'growing') {
      if (this.#failure) {
        throw this.#failure;
      }
      await new Promise<void>((resolve) => {
        this.#changes.once('change', resolve);
      });
    }
    if (this.#failure && position >= this.#size) {
      throw this.#failure;
    }
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

/** The problem of a packed context that cannot be written. Returns an unexpected error as it is. */
export function spoolProblem(path: string, error: unknown): Error {
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
