/** How often the clock is compared, and how late a tick may be on a busy machine, in milliseconds. */
const tickMs = 5_000;
const maxDelayMs = 10_000;

/**
 * Calls back after this computer has probably slept: during sleep the clock goes on and timers do not.
 * @returns a function that stops the detector.
 */
export function detectWake(onWake: () => void): () => void {
  let expected = Date.now() + tickMs;
  const timer = setInterval(() => {
    const now = Date.now();
    const delayMs = now - expected;
    expected = now + tickMs;
    if (delayMs > maxDelayMs) {
      onWake();
    }
  }, tickMs).unref();
  return () => clearInterval(timer);
}
