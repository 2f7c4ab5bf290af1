import { setImmediate } from 'node:timers/promises';

/** Milliseconds of blocking calls after which the event loop gets to run. */
const maxBurstMs = 4;
/** A call that takes longer means that the disk is slow. So many calls then use the thread pool. */
const slowMs = 4;
const poolCallsAfterSlow = 64;

/**
 * Makes many small file system calls quickly without blocking the rest of the app. A call through Node's thread pool takes ten
 * times as long as a blocking call that the system answers from memory (measured: 20,000 files looked up, opened, read and
 * closed in 0.2 s with blocking calls, in 2 to 3 s through the pool on a busy machine). So calls block, in short bursts, as
 * long as they are quick, and use the pool, all of a list at once, while the disk is slow.
 */
export class Yielder {
  #burstStarted = performance.now();
  #poolCalls = 0;

  /**
   * Makes a call for each input with `blocking`, or with `pooled` while the disk is slow. Both must do the same. Resolves with
   * the results, in the order of the inputs.
   */
  async map<I, O>(inputs: readonly I[], blocking: (input: I) => O, pooled: (input: I) => Promise<O>): Promise<O[]> {
    const results: O[] = [];
    let started = performance.now();
    for (const input of inputs) {
      if (this.#poolCalls > 0) {
        break;
      }
      results.push(blocking(input));
      const ended = performance.now();
      if (ended - started > slowMs) {
        this.#poolCalls = poolCallsAfterSlow;
      }
      started = ended;
    }
    if (results.length < inputs.length) {
      const rest = inputs.slice(results.length);
      this.#poolCalls = Math.max(0, this.#poolCalls - rest.length);
      results.push(...(await Promise.all(rest.map(pooled))));
    }
    return results;
  }

  /** Whether it is time for {@link yield}. */
  get isDue(): boolean {
    return performance.now() - this.#burstStarted > maxBurstMs;
  }

  /** Lets the event loop run. */
  async yield(): Promise<void> {
    await setImmediate();
    this.#burstStarted = performance.now();
  }
}
