import type { EventEmitter } from 'node:events';

/**
 * One press of Ctrl+C can arrive several times: npm passes its own copy on, and the end of a login session sends more than
 * one signal. In milliseconds.
 */
const repeatMs = 1_000;

export interface TerminationOptions {
  /** Called with the first signal. */
  readonly onFirst: () => void;
  /** Called when a person insists, before the process ends at once. */
  readonly onSecond: () => void;
}

/** Handles the signals by which a person or the system ends this process. */
export function handleTermination(
  { onFirst, onSecond }: TerminationOptions,
  signals: EventEmitter = process,
  exit: (code: number) => void = process.exit,
): void {
  let firstMs: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    signals.on(name, () => {
      if (firstMs === undefined) {
        firstMs = performance.now();
        onFirst();
      } else if (performance.now() - firstMs > repeatMs) {
        onSecond();
        exit(130);
      }
    });
  }
}
