/** Waits for a state of the outside world that sends no event. False when the time is over. */
export async function until(holds: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (await holds()) {
      return true;
    }
    if (performance.now() > end) {
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
