/** Passes messages to a listener. Those that come while nothing listens wait for the next listener. */
export class WaitingMessages<T> {
  #listener: ((message: T) => void) | undefined;
  #waiting: T[] = [];

  push(message: T): void {
    if (this.#listener) {
      this.#listener(message);
    } else {
      this.#waiting.push(message);
    }
  }

  /** Replaces the listener. @returns a function that removes it */
  listen(listener: (message: T) => void): () => void {
    this.#listener = listener;
    // not at once: the caller may not be ready before it has the returned function
    queueMicrotask(() => {
      if (this.#listener === listener) {
        for (const message of this.#waiting.splice(0)) {
          listener(message);
        }
      }
    });
    return () => {
      if (this.#listener === listener) {
        this.#listener = undefined;
      }
    };
  }
}
