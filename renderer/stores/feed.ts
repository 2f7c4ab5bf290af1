import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import { callForSnapshot } from '../api.ts';

/**
 * Keeps one store in step with the app. The app numbers its events, and the answer to a call tells up to which event it is
 * complete. Events that arrive during a load are applied after it, unless the snapshot includes them, so that neither an older
 * snapshot nor an older event replaces what is newer.
 */
export class Feed {
  readonly #apply: (events: readonly AppEvent[]) => void;
  readonly #partOf: (event: AppEvent) => string | undefined;
  #pending: { readonly event: AppEvent; readonly seq: number }[] = [];
  #loads = 0;
  /** The last event that the newest snapshot includes. */
  #coveredSeq = -1;
  /** The same for parts of the store that were loaded since, by their ids. */
  #coveredParts = new Map<string, number>();
  #generation = 0;

  /** @param partOf the id of the part of the store that an event changes, if parts of it are loaded by themselves */
  constructor(
    apply: (events: readonly AppEvent[]) => void,
    partOf: (event: AppEvent) => string | undefined = () => undefined,
  ) {
    this.#apply = apply;
    this.#partOf = partOf;
  }

  add(event: AppEvent, seq: number): void {
    this.#pending.push({ event, seq });
  }

  /** Applies the events that have arrived, unless a load is under way. */
  flush(): void {
    if (this.#loads > 0 || this.#pending.length === 0) {
      return;
    }
    const events = this.#pending
      .filter(({ event, seq }) => seq > this.#covered(this.#partOf(event)))
      .map(({ event }) => event);
    this.#pending = [];
    if (events.length > 0) {
      this.#apply(events);
    }
  }

  /**
   * Calls the app and puts the output into the store, unless a newer one was put there meanwhile.
   * @param part the id of the part that the output is, if it is not the whole
   * @throws Failure
   */
  async load<N extends CallName>(
    name: N,
    input: CallInput<N>,
    put: (output: CallOutput<N>) => void,
    signal?: AbortSignal,
    part?: string,
  ): Promise<void> {
    const generation = this.#generation;
    this.#loads += 1;
    try {
      const { value, seq } = await callForSnapshot(name, input, signal ? { signal } : {});
      if (generation === this.#generation && seq >= this.#covered(part)) {
        if (part === undefined) {
          this.#coveredSeq = seq;
        } else {
          this.#coveredParts.set(part, seq);
        }
        put(value);
      }
    } finally {
      if (generation === this.#generation) {
        this.#loads -= 1;
        this.flush();
      }
    }
  }

  /** Forgets events and loads of the link before: they may be incomplete, and another app may number anew. */
  reset(): void {
    this.#generation += 1;
    this.#pending = [];
    this.#loads = 0;
    this.#coveredSeq = -1;
    this.#coveredParts.clear();
  }

  #covered(part: string | undefined): number {
    return Math.max(this.#coveredSeq, part === undefined ? -1 : (this.#coveredParts.get(part) ?? -1));
  }
}

/** Applies events one by one. */
export function each(apply: (event: AppEvent) => void): (events: readonly AppEvent[]) => void {
  return (events) => {
    for (const event of events) {
      apply(event);
    }
  };
}
