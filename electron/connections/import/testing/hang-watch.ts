import { Worker } from 'node:worker_threads';

/**
 * Watches from another thread that work goes on: code that never comes back also never lets a timer fire. When nothing has been
 * told for too long, it says what was told last and ends the process, which no test can overlook.
 */
export class HangWatch {
  readonly #last = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  /** @param patienceMs far more than any work takes on a slow machine */
  constructor(what: string, patienceMs: number) {
    this.#worker = new Worker(watcher, { eval: true, workerData: { last: this.#last, what, patienceMs } });
    this.#worker.unref();
  }

  /** @param number of the work that begins now, from 1 */
  tell(number: number): void {
    Atomics.store(this.#last, 0, number);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

const watcher = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { last, what, patienceMs } = workerData;
for (;;) {
  const number = Atomics.load(last, 0);
  if (Atomics.wait(last, 0, number, patienceMs) === 'timed-out' && Atomics.load(last, 0) === number && number > 0) {
    writeSync(2, what + ' has hung at number ' + number + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}
`;
