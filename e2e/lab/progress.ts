/** Progress of the lab on standard error. Standard output is reserved for the JSON document. */

const reminderMs = 10_000;

export function reportProgress(message: string): void {
  process.stderr.write(`lab: ${message}\n`);
}

/** Runs one step. Reports its title, a reminder while it runs, and how long it took. */
export async function runStep<T>(title: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const elapsed = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  reportProgress(`${title} ...`);
  const reminder = setInterval(() => reportProgress(`${title}: still running after ${elapsed()}`), reminderMs);
  try {
    const result = await work();
    reportProgress(`${title}: done in ${elapsed()}`);
    return result;
  } catch (error) {
    reportProgress(`${title}: failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(reminder);
  }
}
