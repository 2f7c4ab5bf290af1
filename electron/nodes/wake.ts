/** How often the clock is looked at, in milliseconds, and how far it may be off: a busy machine is late, too. */
const tickMs = 5_000;
const tolerableMs = 10_000;

/**
 * Calls back when this computer has most likely slept: timers stand still then, and the clock on the wall goes on. The function
 * that it returns ends it.
 */
export function watchClock(onJump: () => void): () => void {
  let expected = Date.now() + tickMs;
  const timer = setInterval(() => {
    const now = Date.now();
    const late = now - expected;
    expected = now + tickMs;
    if (late > tolerableMs) {
      onJump();
    }
  }, tickMs).unref();
  return () => clearInterval(timer);
}
