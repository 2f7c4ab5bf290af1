import { EventEmitter } from 'node:events';
import { fail } from '../../shared/failure.ts';
import type { StreamEdit } from './confined-links.ts';
import type { ContextFile, TarEntry, TarLayout } from './context-source.ts';
import type { PackedRow } from './packing.ts';
import { endBytes, paddedSize } from './tar-header.ts';
import { Yielder } from './yielder.ts';

interface IndexedFile {
  readonly file: ContextFile;
  /** Where the entry begins in the tar, where its content begins, and where the next entry begins. */
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
  readonly digest: string;
}

/** What a growing tar contains, and where. */
export class ContentIndex {
  /** The links of the tar that lead out of the context, and what replaces them for engines that refuse them. */
  readonly confinedLinks: StreamEdit[] = [];
  /** What was not asked for yet. */
  #unread: string[] = [];
  readonly #files = new Map<string, IndexedFile>();
  #order: IndexedFile[] = [];
  /** Emits `change` when there is more, at the end, and on failure. */
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #yielder = new Yielder();
  #hasEnded = false;
  #failure: Error | undefined;

  /** @param rows an array of {@link PackedRow}, as JSON */
  add(rows: string, confinedLinks: readonly StreamEdit[]): void {
    this.#unread.push(rows);
    this.confinedLinks.push(...confinedLinks.map((edit) => ({ ...edit, bytes: Buffer.from(edit.bytes) })));
    this.#changes.emit('change');
  }

  /** Forgets all, which is then added once more. */
  clear(): void {
    this.#unread = [];
    this.#order = [];
    this.#files.clear();
    this.confinedLinks.length = 0;
    this.#hasEnded = false;
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
    for (let position = 0; await this.#has(position + 1); position++) {
      const found = this.#order[position];
      if (found && found.file.path !== '.') {
        yield found.file;
      }
    }
  }

  /** What the tar consists of. */
  async layout(): Promise<TarLayout> {
    await this.#has(Number.POSITIVE_INFINITY);
    const entries: TarEntry[] = [];
    for (const { file, start, end, digest } of this.#order) {
      entries.push({ path: file.path, offset: start, length: end - start, digest });
      if (this.#yielder.isDue) {
        await this.#yielder.yield();
      }
    }
    return { entries, bytes: (this.#order.at(-1)?.end ?? 0) + endBytes };
  }

  /**
   * Where the content of a file is in the tar: the offsets of its first byte and of the byte after the last one.
   * @throws Failure `context.unreadable` if there is no such file
   */
  async locate(path: string): Promise<{ start: number; end: number }> {
    for (let count = 0; !this.#files.has(path) && (await this.#has(count + 1)); ) {
      count = this.#order.length;
    }
    const { file, contentStart = 0 } = this.#files.get(path) ?? {};
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
    return { start: contentStart, end: contentStart + file.size };
  }

  /** Waits until there is that many files. False if there are fewer. */
  async #has(count: number): Promise<boolean> {
    while (this.#order.length < count) {
      if (this.#readSome()) {
        if (this.#yielder.isDue) {
          await this.#yielder.yield();
        }
        continue;
      }
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

  /** @returns whether there was something to read */
  #readSome(): boolean {
    const text = this.#unread.shift();
    const rows: PackedRow[] = text === undefined ? [] : JSON.parse(text);
    for (const row of rows) {
      const start = this.#order.at(-1)?.end ?? 0;
      const [kind, path, mode, modifiedMs, sizeOrTarget, headerBytes, digest] = row;
      const contentStart = start + headerBytes;
      const file = toContextFile({ path, mode, modifiedMs }, kind, sizeOrTarget, { offset: contentStart, digest });
      const end = contentStart + (file.kind === 'file' ? paddedSize(file.size) : 0);
      const indexed = { file, start, contentStart, end, digest };
      this.#order.push(indexed);
      this.#files.set(path, indexed);
    }
    return text !== undefined;
  }
}

function toContextFile(
  common: Pick<ContextFile, 'path' | 'mode' | 'modifiedMs'>,
  kind: ContextFile['kind'],
  sizeOrTarget: number | string,
  content: { readonly offset: number; readonly digest: string },
): ContextFile {
  switch (kind) {
    case 'folder':
      return { ...common, kind };
    case 'file':
      return { ...common, kind, size: Number(sizeOrTarget), ...content };
    case 'symlink':
    case 'hardlink':
      return { ...common, kind, target: String(sizeOrTarget) };
  }
}
