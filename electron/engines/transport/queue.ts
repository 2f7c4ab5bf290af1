/** What is asked of an engine: a question that is answered soon, or work that may take any time. */
export type Kind = 'short' | 'long';

interface Waiting {
  readonly kind: Kind;
  readonly go: () => void;
}

/**
 * Requests in the order in which they come, so many at once as there are places. Long ones leave a place free, where there is more
 * than one: questions get through beside a build, however long that takes.
 */
export class Queue {
  readonly #places: () => number;
  readonly #waiting: Waiting[] = [];
  readonly #inside = { short: 0, long: 0 };

  /** @param places how many there are now. */
  constructor(places: () => number) {
    this.#places = places;
  }

  /** Does somebody wait? */
  get isCrowded(): boolean {
    return this.#waiting.length > 0;
  }

  /** Waits for a place and resolves with the way to leave it, which may be gone twice. Rejects with the reason of the first signal that aborts before. */
  enter(kind: Kind, signals: readonly AbortSignal[]): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        const index = this.#waiting.indexOf(waiting);
        if (index >= 0) {
          this.#waiting.splice(index, 1);
        }
        forget();
        reject(signals.find(({ aborted }) => aborted)?.reason);
      };
      const forget = () => {
        for (const signal of signals) {
          signal.removeEventListener('abort', giveUp);
        }
      };
      const waiting: Waiting = {
        kind,
        go: () => {
          forget();
          this.#inside[kind]++;
          let left = false;
          resolve(() => {
            if (!left) {
              left = true;
              this.#inside[kind]--;
              this.#admit();
            }
          });
        },
      };
      if (signals.some(({ aborted }) => aborted)) {
        giveUp();
        return;
      }
      for (const signal of signals) {
        signal.addEventListener('abort', giveUp);
      }
      this.#waiting.push(waiting);
      this.#admit();
    });
  }

  #admit(): void {
    for (;;) {
      // a short one passes by long ones that wait for each other
      const index = this.#waiting.findIndex(({ kind }) => this.#hasPlace(kind));
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (!next) {
        return;
      }
      next.go();
    }
  }

  #hasPlace(kind: Kind): boolean {
    const places = this.#places();
    const { short, long } = this.#inside;
    return short + long < places && (kind === 'short' || long < Math.max(1, places - 1));
  }
}
