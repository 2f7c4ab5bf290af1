import { useSyncExternalStore } from 'react';

/** Creates a hook that returns the current time. All its components update together, and the timer runs only while there are any. */
function createClockHook(everyMs: number): () => number {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    timer ??= setInterval(() => {
      now = Date.now();
      for (const notify of listeners) {
        notify();
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
    // without a running timer the last time is outdated
    if (timer === undefined) {
      now = Date.now();
    }
    return now;
  };
  return () => useSyncExternalStore(subscribe, read);
}

/** The time in milliseconds since 1970, updated every second. */
export const useNow = createClockHook(1_000);

/** The time in milliseconds since 1970, updated every 30 seconds, for relative times such as `5 min ago`. */
export const useSlowNow = createClockHook(30_000);
