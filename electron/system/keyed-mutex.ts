/** A lock that its holder has to release. */
export interface KeyLock<T> {
  /** The outcome of the previous holder, where this one had to wait for it. */
  readonly previous: T | undefined;
  /** Releases the lock with an outcome for the next holder. Later calls have no effect. */
  release(outcome: T | undefined): void;
}

/**
 * A mutex for each key, in the order of the requests. Each holder gets the outcome of the one before it, so that
 * several sign-ins that need the same secret at once ask a person only once. The npm package `async-mutex` has neither
 * keys nor outcomes.
 */
export class KeyedMutex<T> {
  readonly #last = new Map<string, Promise<T | undefined>>();

  async acquire(key: string): Promise<KeyLock<T>> {
    const previousRelease = this.#last.get(key);
    let resolveRelease: (outcome: T | undefined) => void = () => undefined;
    const ownRelease = new Promise<T | undefined>((resolve) => {
      resolveRelease = resolve;
    });
    this.#last.set(key, ownRelease);
    const previous = await previousRelease;
    return {
      previous,
      release: (outcome) => {
        if (this.#last.get(key) === ownRelease) {
          this.#last.delete(key);
        }
        resolveRelease(outcome);
      },
    };
  }
}
