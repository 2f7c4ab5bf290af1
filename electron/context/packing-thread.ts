import { Worker } from 'node:worker_threads';
import { type Order, type PackingThreadData, type Report, states } from './packing-messages.ts';

/** A thread that packs one context, so that thousands of blocking calls do not stop the rest of the app. */
export class PackingThread {
  readonly #worker: Worker;
  readonly #state = new SharedArrayBuffer(8);
  readonly #flags = new Int32Array(this.#state);
  readonly #ended: Promise<void>;

  /** @param onReport called with what the thread reports, and with `broken` if it ends for a reason that is not expected */
  constructor(data: Omit<PackingThreadData, 'state'>, onReport: (report: Report) => void) {
    const workerData: PackingThreadData = { ...data, state: this.#state };
    this.#worker = new Worker(program, { workerData, execArgv: [] });
    this.#worker.on('message', onReport);
    this.#ended = new Promise((resolve) => {
      this.#worker.once('error', (error) => {
        onReport({ kind: 'broken', error });
        resolve();
      });
      this.#worker.once('exit', () => {
        onReport({ kind: 'broken', error: new Error('the thread that packs the context has ended') });
        resolve();
      });
    });
  }

  /** Makes the thread list what it has found, or make the tar, if it waits for that. */
  order(order: Exclude<Order, 'end'>): void {
    this.#worker.postMessage(order);
  }

  /**
   * To be called before the digest is relied on.
   * @returns false if the content is another one, whose digest is reported when the tar is complete
   */
  rely(): boolean {
    return Atomics.compareExchange(this.#flags, 0, states.open, states.relied) !== states.altered;
  }

  /** Resolves when the thread has ended and uses the tar no more. */
  async stop(): Promise<void> {
    Atomics.store(this.#flags, 1, 1);
    this.#worker.postMessage('end' satisfies Order);
    await this.#ended;
  }
}

/** Node cannot run the sources. */
const isSource = import.meta.url.endsWith('.ts');
const program = new URL(isSource ? './pack-worker.source.mjs' : './pack-worker.cjs', import.meta.url);
