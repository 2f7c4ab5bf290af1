/** Holds the first of the things that pass and match, until it is released. */
export class Gate<T> {
  #hold: { readonly matches: (thing: T) => boolean; readonly reached: () => void } | undefined;
  #release: (() => void) | undefined;
  #released = Promise.resolve();

  /** Resolves when something is held. */
  arm(matches: (thing: T) => boolean): Promise<void> {
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    return new Promise((reached) => {
      this.#hold = { matches, reached };
    });
  }

  /** Resolves at once, or when what passes is released. */
  async pass(thing: T): Promise<void> {
    if (this.#hold?.matches(thing)) {
      this.#hold.reached();
      await this.#released;
    }
  }

  release(): void {
    this.#hold = undefined;
    this.#release?.();
  }
}
