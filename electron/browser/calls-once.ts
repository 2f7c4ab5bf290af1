/** Calls that a page may send again, because it does not know whether the first request arrived. */

/** How long the result of a call is kept that the page did not get, in milliseconds. Pages send a call again sooner. */
const keepMs = 10_000;

/** The longest key of a call, with its name. */
const maxKeyLength = 128;

/** Runs each call once, however often a page sends it: the other requests get the result of the first. */
export class CallsOnce<T> {
  readonly #calls = new Map<string, Promise<T>>();

  /** @param key the name of the call with what the page calls this one, in `Idempotency-Key`. A call without one, or with one that is too long, runs anyway. */
  run(key: string | undefined, start: () => Promise<T>): Promise<T> {
    if (key === undefined || key.length > maxKeyLength) {
      return start();
    }
    const known = this.#calls.get(key);
    if (known !== undefined) {
      return known;
    }
    const call = start();
    this.#calls.set(key, call);
    const keep = (): void => void setTimeout(() => this.arrived(key), keepMs).unref();
    call.then(keep, keep);
    return call;
  }

  /** The page has the result, which need not be kept. */
  arrived(key: string | undefined): void {
    if (key !== undefined) {
      this.#calls.delete(key);
    }
  }
}
