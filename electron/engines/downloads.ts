/** In bytes. */
export interface Download {
  readonly current: number;
  readonly total: number;
}

/** More layers than an image has. */
const maxDownloads = 1000;

/** The layers of a base image that an engine downloads for a step, by their ids. */
export class Downloads {
  readonly #layers = new Map<string, Download>();
  #current = 0;
  #total = 0;

  get(id: string): Download | undefined {
    return this.#layers.get(id);
  }

  /** @returns the sum of all layers. Undefined, without a change, if there are too many. */
  set(id: string, download: Download): Download | undefined {
    const before = this.#layers.get(id);
    if (!before && this.#layers.size >= maxDownloads) {
      return undefined;
    }
    this.#layers.set(id, download);
    this.#current += download.current - (before?.current ?? 0);
    this.#total += download.total - (before?.total ?? 0);
    return { current: this.#current, total: this.#total };
  }
}
