import { EventEmitter } from 'node:events';
import { fail } from '../../shared/problem.ts';
import type { ContextFile } from './context-source.ts';

interface IndexedFile {
  readonly file: ContextFile;
  /** Where the content of a file begins in the tar, in bytes. */
  readonly offset: number;
}

/** What a growing tar contains, and where. */
export class ContentIndex {
  readonly #files = new Map<string, IndexedFile>();
  /** Emits `change` when there is more, at the end, and on failure. */
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #hasEnded = false;
  #failure: Error | undefined;

  add(file: ContextFile, offset: number): void {
    this.#files.set(file.path, { file, offset });
    this.#changes.emit('change');
  }

  finish(): void {
    this.#hasEnded = true;
    this.#changes.emit('change');
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#changes.emit('change');
  }

  async *list(): AsyncGenerator<ContextFile> {
    const files = this.#files.values();
    for (let count = 0; await this.#has(count + 1); count++) {
      const { value } = files.next();
      if (value) {
        yield value.file;
      }
    }
  }

  /**
   * Where the content of a file is in the tar: the offsets of its first byte and of the byte after the last one.
   * @throws Failure `context.unreadable` if there is no such file
   */
  async locate(path: string): Promise<{ start: number; end: number }> {
    for (let count = 0; !this.#files.has(path) && (await this.#has(count + 1)); ) {
      count = this.#files.size;
    }
    const { file, offset = 0 } = this.#files.get(path) ?? {};
    if (file?.kind === 'hardlink' && file.target !== path) {
      return this.locate(file.target);
    }
    if (file?.kind !== 'file') {
      throw fail(
        'context.unreadable',
        `The engine asked for ${path}, which is not a file of the context.`,
        'Check that the file exists and that .containerignore or .dockerignore does not exclude it.',
      );
    }
    return { start: offset, end: offset + file.size };
  }

  /** Waits until there are that many files. False if there are fewer. */
  async #has(count: number): Promise<boolean> {
    while (this.#files.size < count) {
      if (this.#failure) {
        throw this.#failure;
      }
      if (this.#hasEnded) {
        return false;
      }
      await new Promise<void>((resolve) => {
        this.#changes.once('change', resolve);
      });
    }
    return true;
  }
}
