import { useSyncExternalStore } from 'react';

/** One clock for everything that ticks, so that all of it ticks together; it stands still while nobody looks at it. */
function makeClock(everyMs: number): () => number {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    timer ??= setInterval(() => {
      now = Date.now();
      for (const tell of listeners) {
        tell();
      }
    }, everyMs);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  };
  const read = (): number => {
    // while nobody listens it does not tick, and whoever comes first must not read an old time
    if (timer === undefined) {
      now = Date.now();
    }
    return now;
  };
  return () => useSyncExternalStore(subscribe, read);
}

/** The time in milliseconds since 1970; draws its component anew every second. */
export const useNow = makeClock(1_000);

/** The same, twice a minute: for what happened long ago. */
export const useNowSlowly = makeClock(30_000);
