import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const backoff = { firstMs: 1_000, maxMs: 60_000, jitter: 0.5 };
const attempts = [1, 2, 3, 4, 5, 6, 7, 8, 100, 5000];

test('the delay doubles with each attempt, up to the maximum', () => {
  expect(attempts.map((attempt) => backoffMs(attempt, backoff, () => 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
  ]);
});

test('the jitter is a random share of the delay', () => {
  expect(attempts.map((attempt) => backoffMs(attempt, backoff, () => 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000,
  ]);
  const delays = new Set(Array.from({ length: 100 }, () => backoffMs(7, backoff)));
  expect(delays.size).toBeGreaterThan(50);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(30_000);
  expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
});
