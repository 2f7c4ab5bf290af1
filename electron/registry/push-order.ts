interface Position {
  readonly registry: string;
  /** Resolves when everything but the tag is in the registry, or the push has ended. */
  readonly isReady: Promise<void>;
  readonly setReady: () => void;
}

/**
 * The order of pushes that were started together. In one registry, each begins when the one before is ready, so that it finds the blobs
 * there, and tags are set when all are ready. Registries do not wait for each other.
 */
export class PushOrder {
  readonly #pushes: readonly Position[];
  #mayTag: Promise<unknown> = Promise.resolve();

  /** @param registries that of each push */
  constructor(registries: readonly string[]) {
    this.#pushes = registries.map((registry) => {
      let setReady = (): void => undefined;
      const isReady = new Promise<void>((resolve) => {
        setReady = resolve;
      });
      return { registry, isReady, setReady };
    });
  }

  /** No tag is set before the work is done. */
  tagAfter(work: Promise<unknown>): void {
    this.#mayTag = work;
  }

  /** Resolves when the push may begin, or when it has ended before. */
  async begin(index: number, ended: Promise<unknown>): Promise<void> {
    const { registry } = this.#push(index);
    const before = this.#pushes.slice(0, index).filter((other) => other.registry === registry);
    await Promise.race([ended, Promise.all(before.map(({ isReady }) => isReady))]);
  }

  /** Everything but the tag is there. Resolves when the tag may be set. */
  async beforeTag(index: number): Promise<void> {
    const { registry, setReady } = this.#push(index);
    setReady();
    await Promise.all(this.#pushes.filter((other) => other.registry === registry).map(({ isReady }) => isReady));
    await this.#mayTag;
  }

  /** The push has ended, for whatever reason. */
  end(index: number): void {
    this.#push(index).setReady();
  }

  #push(index: number): Position {
    const found = this.#pushes[index];
    if (!found) {
      throw new RangeError(`there is no push ${index}`);
    }
    return found;
  }
}
