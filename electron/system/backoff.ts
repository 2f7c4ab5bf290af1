export interface Backoff {
  /** The longest delay before the second attempt, in milliseconds. It doubles with each further attempt. */
  readonly firstMs: number;
  /** The longest delay of all, in milliseconds. */
  readonly maxMs: number;
  /** The share of each delay that is random, from 0 to 1. */
  readonly jitter: number;
}

/**
 * Milliseconds to wait after an attempt (counted from 1): exponential back-off with jitter. The jitter keeps clients
 * that lost the same network, jump host or registry from coming back to it at the same moment.
 * @param random returns a number from 0 to 1.
 */
export function backoffMs(
  attempt: number,
  { firstMs, maxMs, jitter }: Backoff,
  random: () => number = Math.random,
): number {
  const longestMs = Math.min(firstMs * 2 ** (attempt - 1), maxMs);
  return Math.round(longestMs * (1 - jitter + jitter * random()));
}
