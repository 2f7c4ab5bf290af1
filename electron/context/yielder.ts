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
 * long as they are quick, and use the pool, several at a time, while the disk is slow.
 */
export class Yielder {
  #burstStarted = performance.now();
  #poolCalls = 0;

  /** Makes a call with `blocking`, or with `pooled` while the disk is slow. Both must do the same. */
  async run<T>(blocking: () => T, pooled: () => Promise<T>): Promise<T> {
    if (this.#poolCalls > 0) {
      this.#poolCalls--;
      return await pooled();
    }
    const started = performance.now();
    try {
      return blocking();
    } finally {
      if (performance.now() - started > slowMs) {
        this.#poolCalls = poolCallsAfterSlow;
      }
    }
  }

  /** To be awaited between calls. Lets the event loop run at the end of a burst. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#burstStarted > maxBurstMs) {
      await setImmediate();
      this.#burstStarted = performance.now();
    }
  }
}
