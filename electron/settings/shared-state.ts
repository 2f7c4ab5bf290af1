/** What a file holds now, and a text that differs if that differs. */
export interface StateView<T> {
  readonly value: T;
  readonly signature: string;
}

export interface SharedStateOptions<T> {
  /** Reads the state from its files. */
  readonly read: () => Promise<StateView<T>>;
  /** Called after each change, by whomever. */
  readonly onChange: (now: T, before: T) => void | Promise<void>;
}

/**
 * A part of the data folder that this process and others change, and that all front ends show. Changes are reported one after
 * another, each once, whether this process made them or {@link refresh} found them.
 */
export class SharedState<T> {
  readonly #options: SharedStateOptions<T>;
  #last: StateView<T> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: SharedStateOptions<T>) {
    this.#options = options;
  }

  /** Makes a change and reports the new state. While it is being made, nothing between old and new is reported. */
  change<R>(make: () => Promise<R>): Promise<R> {
    return this.#inTurn(async () => {
      this.#last ??= await this.#read();
      try {
        return await make();
      } finally {
        await this.#report();
      }
    });
  }

  /** Reports the state if it has changed. The first call only remembers it. */
  refresh(): Promise<void> {
    return this.#inTurn(() => this.#report());
  }

  async #report(): Promise<void> {
    const before = this.#last;
    // a file that cannot be read now is reported to the callers that need it
    const now = await this.#read();
    this.#last = now ?? before;
    if (now && before && now.signature !== before.signature) {
      await this.#options.onChange(now.value, before.value);
    }
  }

  #read(): Promise<StateView<T> | undefined> {
    return this.#options.read().catch(() => undefined);
  }

  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
