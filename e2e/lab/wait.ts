/** Waits for states of the outside world and for several jobs at once. */

/** Polls a condition for which there is no event. Resolves with false if it does not become true before the timeout. */
export async function waitUntil(isTrue: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await isTrue()) {
      return true;
    }
    if (performance.now() > end) {
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Waits for all jobs, even if some fail. @throws Error with the messages of all jobs that failed */
export async function settleAll<T>(jobs: readonly Promise<T>[]): Promise<T[]> {
  const results: T[] = [];
  const errors: unknown[] = [];
  for (const outcome of await Promise.allSettled(jobs)) {
    if (outcome.status === 'fulfilled') {
      results.push(outcome.value);
    } else {
      errors.push(outcome.reason);
    }
  }
  if (errors.length > 0) {
    const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    throw new Error([...new Set(messages)].join('\n'), { cause: errors[0] });
  }
  return results;
}
