import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fail } from '../../shared/problem.ts';

/** Bytes that a reader takes from the disk at once, and that it keeps ready for whoever consumes it. */
const readBytes = 512 * 1024;

/**
 * A file that grows at its end and is read by any number of readers from its start, each at its own pace, while it grows.
 * A slow reader costs nothing but its own buffer, since what it has not read yet is on disk.
 */
export class GrowingFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #readers = new Set<GrowingFileReader>();
  /** Emits `change` when there is more to read, when the end is known, and on failure. */
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #size = 0;
  #state: 'growing' | 'whole' | 'closed' = 'growing';
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  /** An empty file that is open for reading and writing, to be closed by {@link close}. */
  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * An empty file in a folder, which is created if need be. The file has no name from the start where the system allows it, so
   * that nothing is left behind even when the process is killed; on Windows it is removed by {@link close}.
   * @throws Failure `disk.full`
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
      throw writeFailure(folder, error);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Only one append at a time. @throws Failure `disk.full` */
  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      try {
        written += (await this.#handle.write(bytes, written, bytes.length - written, this.#size + written))
          .bytesWritten;
      } catch (error) {
        throw writeFailure(this.#path, error);
      }
    }
    this.#size += bytes.length;
    this.#changes.emit('change');
  }

  /** Nothing will be appended any more: readers end when they have read it all. */
  finish(): void {
    if (this.#state === 'growing') {
      this.#state = 'whole';
    }
    this.#changes.emit('change');
  }

  /** Every reader, present or to come, fails with this error. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const reader of this.#readers) {
      reader.destroy(this.#failure);
    }
    this.#changes.emit('change');
  }

  /** A new reader from the start. `onBytes` is told how many bytes went into the stream, every time. */
  open(onBytes?: (bytes: number) => void): Readable {
    const reader = new GrowingFileReader((buffer, position) => this.#read(buffer, position), onBytes);
    this.#readers.add(reader);
    // whoever reads is told of a failure; when nobody does any more, it is no reason to bring the app down
    reader.on('error', () => undefined);
    reader.once('close', () => this.#readers.delete(reader));
    if (this.#failure) {
      reader.destroy(this.#failure);
    }
    return reader;
  }

  /** Fails the readers that have not read it all, closes the file and removes it. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.fail(
      fail(
        'build.cancelled',
        'The packed context was closed while it was still being read.',
        'Start the build again if it should go on.',
      ),
    );
    await this.#handle.close(); // waits for reads under way
    if (process.platform === 'win32') {
      await unlink(this.#path).catch(() => undefined);
    }
  }

  /** Waits until there is something at `position`. Resolves with the bytes read, 0 at the end. */
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

class GrowingFileReader extends Readable {
  readonly #source: (buffer: Buffer, position: number) => Promise<number>;
  readonly #onBytes: ((bytes: number) => void) | undefined;
  #position = 0;

  constructor(
    source: (buffer: Buffer, position: number) => Promise<number>,
    onBytes: ((bytes: number) => void) | undefined,
  ) {
    super({ highWaterMark: readBytes });
    this.#source = source;
    this.#onBytes = onBytes;
  }

  override _read(): void {
    this.#next().catch((error: unknown) => {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  }

  async #next(): Promise<void> {
    // a buffer of its own for each read: whoever consumes the stream may keep the last one for long
    const buffer = Buffer.allocUnsafeSlow(readBytes);
    const bytes = await this.#source(buffer, this.#position);
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

function writeFailure(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return fail(
      'disk.full',
      `The disk is full: the context could not be packed into ${path}.`,
      'Free some space there, or ignore what the build does not need in .dockerignore.',
      error instanceof Error ? error.message : undefined,
      error,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR') {
    return fail(
      'settings.unwritable',
      `The context cannot be packed into ${path}: it is not writable (${code}).`,
      'Give yourself permission to write there, or choose another folder for temporary files with TMPDIR.',
      error instanceof Error ? error.message : undefined,
      error,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
