import { stat } from 'node:fs/promises';

/** Reads a file again only when it has changed. For files that are read many times a second, and replaced as a whole. */
export class CachedFile<T> {
  readonly #path: string;
  readonly #read: () => Promise<T>;
  #last: { readonly signature: string; readonly value: T };

  /** @param read the content. @param first what counts until it could be read once */
  constructor(path: string, read: () => Promise<T>, first: T) {
    this.#path = path;
    this.#read = read;
    this.#last = { signature: '', value: first };
  }

  /** The content. The last one that could be read if it cannot be read now. */
  async get(): Promise<T> {
    try {
      // before it is read, so that a change meanwhile is found the next time
      const signature = await stat(this.#path).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'missing',
      );
      if (signature !== this.#last.signature) {
        this.#last = { signature, value: await this.#read() };
      }
    } catch {
      // a file that cannot be read is reported to those who change it
    }
    return this.#last.value;
  }
}
