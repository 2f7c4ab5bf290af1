import { Worker } from 'node:worker_threads';
import { type TarHash, tarHashes } from './context-source.ts';
import { flags, type Order, type PackingThreadData, type Report, states } from './packing-messages.ts';

/** Node cannot run the sources. */
const isSource = import.meta.url.endsWith('.ts');
const program = new URL(isSource ? './pack-worker.source.mjs' : './pack-worker.cjs', import.meta.url);

/**
 * Starts a thread for the next context, unless one waits already. A thread takes as long to start as most contexts take to be
 * packed, so this is called as soon as it is likely that a context will be packed. It does not keep the process running.
 */
export function preparePackingThread(): void {
  waiting ??= startThread();
}

/** The thread that waits for a context. */
let waiting: Worker | undefined;

function startThread(): Worker {
  const worker = new Worker(program, { execArgv: [] });
  const forget = (): void => {
    if (waiting === worker) {
      waiting = undefined;
    }
  };
  worker.once('error', forget).once('exit', forget).unref();
  return worker;
}

function takeThread(): Worker {
  const worker = waiting ?? startThread();
  waiting = undefined;
  worker.ref();
  return worker;
}

/** A thread that packs one context, so that thousands of blocking calls do not stop the rest of the app. */
export class PackingThread {
  readonly #worker = takeThread();
  readonly #state = new SharedArrayBuffer(12);
  readonly #flags = new Int32Array(this.#state);
  readonly #ended: Promise<void>;

  /** @param onReport called with what the thread reports, and with `broken` if it ends for a reason that is not expected */
  constructor(data: Omit<PackingThreadData, 'state'>, onReport: (report: Report) => void) {
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
    this.#worker.postMessage({ ...data, state: this.#state } satisfies PackingThreadData);
  }

  /** Makes the thread list what it has found, or make the tar, if it waits for that. */
  order(order: 'list' | 'pack'): void {
    this.#worker.postMessage(order satisfies Order);
  }

  /** Makes the thread hash the tar once it is complete. */
  hash(hash: TarHash): void {
    Atomics.or(this.#flags, flags.hashes, 1 << tarHashes.indexOf(hash));
    this.#worker.postMessage('hash' satisfies Order);
  }

  /**
   * To be called before the digest is relied on.
   * @returns false if the content is another one, whose digest is reported when the tar is complete
   */
  rely(): boolean {
    return Atomics.compareExchange(this.#flags, flags.state, states.open, states.relied) !== states.altered;
  }

  /** Resolves when the thread has ended and uses the tar no more. */
  async stop(): Promise<void> {
    Atomics.store(this.#flags, flags.ends, 1);
    this.#worker.postMessage('end' satisfies Order);
    await this.#ended;
  }
}
