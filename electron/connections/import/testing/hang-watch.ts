import { Worker } from 'node:worker_threads';

/**
 * Watches numbered work from another thread, because a timer in this thread would not fire while it hangs. If the
 * number does not change within the timeout, the watch prints it and kills the process.
 */
export class HangWatch {
  readonly #current = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  /** @param timeoutMs far more than any work takes on a slow machine */
  constructor(name: string, timeoutMs: number) {
    this.#worker = new Worker(watcher, { eval: true, workerData: { current: this.#current, name, timeoutMs } });
    this.#worker.unref();
  }

  /** @param number of the work that starts now, counted from 1 */
  setCurrent(number: number): void {
    Atomics.store(this.#current, 0, number);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

const watcher = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { current, name, timeoutMs } = workerData;
for (;;) {
  const number = Atomics.load(current, 0);
  if (Atomics.wait(current, 0, number, timeoutMs) === 'timed-out' && Atomics.load(current, 0) === number && number > 0) {
    writeSync(2, name + ' hangs at number ' + number + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}
`;
