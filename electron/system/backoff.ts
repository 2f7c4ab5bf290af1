const firstMs = 1_000;
const longestMs = 60_000;

/**
 * Milliseconds to wait before an attempt, counted from 1: 1 s, doubled with each attempt up to 60 s. Half of it is by chance, so
 * that what was lost together (a network, a jump host) is not asked again by all at the same moment.
 * @param random gives a number from 0 to 1.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const most = Math.min(firstMs * 2 ** (attempt - 1), longestMs);
  return Math.round(most / 2 + (random() * most) / 2);
}
