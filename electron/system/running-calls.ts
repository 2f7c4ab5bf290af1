import { setMaxListeners } from 'node:events';

/** The calls that are running, so that closing the app cancels them. `AbortSignal.any` would keep each of them in memory. */
export class RunningCalls {
  readonly #running = new Set<AbortController>();
  #closed: unknown;

  /** @param work gets a signal that aborts with the given one, and with {@link cancelAll} */
  async run<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const cancel = new AbortController();
    // a call may ask many nodes at once
    setMaxListeners(0, cancel.signal);
    const onAbort = (): void => cancel.abort(signal?.reason);
    this.#running.add(cancel);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
    }
    if (this.#closed !== undefined) {
      cancel.abort(this.#closed);
    }
    try {
      return await work(cancel.signal);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#running.delete(cancel);
    }
  }

  /** Cancels all calls, also those that are made later. */
  cancelAll(reason: Error): void {
    this.#closed = reason;
    for (const cancel of this.#running) {
      cancel.abort(reason);
    }
  }
}
