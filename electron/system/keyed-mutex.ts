import { abortable } from './abortable.ts';

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

  /** @param signal ends the wait. @returns undefined if it has ended the wait: the lock then goes to the next */
  async acquire(key: string, signal: AbortSignal): Promise<KeyLock<T> | undefined> {
    const previousRelease = this.#last.get(key);
    let resolveRelease: (outcome: T | undefined) => void = () => undefined;
    const ownRelease = new Promise<T | undefined>((resolve) => {
      resolveRelease = resolve;
    });
    this.#last.set(key, ownRelease);
    const release = (outcome: T | undefined): void => {
      if (this.#last.get(key) === ownRelease) {
        this.#last.delete(key);
      }
      resolveRelease(outcome);
    };
    if (!previousRelease) {
      return { previous: undefined, release };
    }
    try {
      return { previous: await abortable(signal, previousRelease), release };
    } catch {
      void previousRelease.then(release);
      return undefined;
    }
  }
}
