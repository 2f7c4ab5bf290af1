import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const attempts = [1, 2, 3, 4, 5, 6, 7, 8, 100, 5000];

test('each attempt waits twice as long as the one before, from 1 s to 60 s', () => {
  expect(attempts.map((attempt) => backoffMs(attempt, () => 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
  ]);
});

test('half of the wait is by chance and never less', () => {
  expect(attempts.map((attempt) => backoffMs(attempt, () => 0))).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000,
  ]);
  const drawn = new Set(Array.from({ length: 100 }, () => backoffMs(7)));
  expect(drawn.size).toBeGreaterThan(50);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(30_000);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(60_000);
});
