import pLimit, { type LimitFunction } from 'p-limit';

/** The slots of each node: how many jobs of a build it runs at once. Further jobs of the node wait in its queue. */
export class JobSlots {
  readonly #slotsPerNode: number;
  readonly #queues = new Map<string, LimitFunction>();

  constructor(slotsPerNode: number) {
    this.#slotsPerNode = slotsPerNode;
  }

  /**
   * Runs a job as soon as its node has a free slot. If the signal aborts while the job waits, rejects at once with the
   * signal's reason. A job that has started must handle the signal itself.
   */
  run<T>(node: string, signal: AbortSignal, job: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(node) ?? pLimit(this.#slotsPerNode);
    this.#queues.set(node, queue);
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      queue(async () => {
        signal.removeEventListener('abort', onAbort);
        signal.throwIfAborted();
        return job();
      }).then(resolve, reject);
    });
  }
}
