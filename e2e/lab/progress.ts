/** Progress of the lab on standard error; standard output belongs to the one JSON document. */

const stillEveryMs = 10_000;

export function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

/** Runs one step and says what it is, that it still runs, and how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const elapsed = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  say(`${title} ...`);
  const ticker = setInterval(() => say(`${title}: still at it after ${elapsed()}`), stillEveryMs);
  try {
    const result = await work();
    say(`${title}: done in ${elapsed()}`);
    return result;
  } catch (error) {
    say(`${title}: failed after ${elapsed()}`);
    throw error;
  } finally {
    clearInterval(ticker);
  }
}
