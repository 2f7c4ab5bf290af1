/** `short` for a request that the engine answers soon, `long` for one that may take any time. */
export type RequestKind = 'short' | 'long';

interface WaitingRequest {
  readonly kind: RequestKind;
  readonly start: () => void;
}

/**
 * Lets a limited number of requests run at once, in the order in which they arrive. Long requests leave one slot free if there
 * is more than one, so that short requests do not have to wait for a build to end.
 */
export class RequestQueue {
  readonly #slots: () => number;
  readonly #waiting: WaitingRequest[] = [];
  readonly #running = { short: 0, long: 0 };

  /** @param slots returns the number of slots at the moment */
  constructor(slots: () => number) {
    this.#slots = slots;
  }

  /** Is a request waiting for a slot? */
  get isSaturated(): boolean {
    return this.#waiting.length > 0;
  }

  /**
   * Waits for a slot and resolves with the function that releases it, which may be called more than once. Rejects with the
   * reason of the first signal that aborts while waiting.
   */
  acquire(kind: RequestKind, signals: readonly AbortSignal[]): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) {
          this.#waiting.splice(index, 1);
        }
        stopListening();
        reject(signals.find(({ aborted }) => aborted)?.reason);
      };
      const stopListening = () => {
        for (const signal of signals) {
          signal.removeEventListener('abort', onAbort);
        }
      };
      const waiting: WaitingRequest = {
        kind,
        start: () => {
          stopListening();
          this.#running[kind]++;
          let isReleased = false;
          resolve(() => {
            if (!isReleased) {
              isReleased = true;
              this.#running[kind]--;
              this.#startWaiting();
            }
          });
        },
      };
      if (signals.some(({ aborted }) => aborted)) {
        onAbort();
        return;
      }
      for (const signal of signals) {
        signal.addEventListener('abort', onAbort);
      }
      this.#waiting.push(waiting);
      this.#startWaiting();
    });
  }

  #startWaiting(): void {
    for (;;) {
      // Short requests overtake long ones, for which no slot may be free.
      const index = this.#waiting.findIndex(({ kind }) => this.#hasFreeSlot(kind));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (!next) {
        return;
      }
      next.start();
    }
  }

  #hasFreeSlot(kind: RequestKind): boolean {
    const slots = this.#slots();
    const { short, long } = this.#running;
    return short + long < slots && (kind === 'short' || long < Math.max(1, slots - 1));
  }
}
