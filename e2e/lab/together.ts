/** Runs all jobs to their ends, whatever becomes of the others; then fails with everything that went wrong. */
export async function together<T>(jobs: readonly Promise<T>[]): Promise<T[]> {
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
