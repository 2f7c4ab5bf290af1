/** One's turn at something that others want too. `before` is how the turn ended that it waited for, where it had to wait. */
export interface Turn<T> {
  readonly before: T | undefined;
  /** Ends the turn; what comes later is not heard. */
  end(outcome: T | undefined): void;
}

/** Lets those who want the same thing at once come one after another, so that a person is asked for it once. */
export class KeyedMutex<T> {
  readonly #last = new Map<string, Promise<T | undefined>>();

  async take(id: string): Promise<Turn<T>> {
    const waitedFor = this.#last.get(id);
    let settle: (outcome: T | undefined) => void = () => undefined;
    const mine = new Promise<T | undefined>((resolve) => {
      settle = resolve;
    });
    this.#last.set(id, mine);
    const before = await waitedFor;
    return {
      before,
      end: (outcome) => {
        if (this.#last.get(id) === mine) {
          this.#last.delete(id);
        }
        settle(outcome);
      },
    };
  }
}
