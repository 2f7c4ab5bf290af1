import { expect, test } from 'vitest';
import { isTransientStatus, retryDelayMs } from './retry.ts';

test('doubles the delay after each attempt, with a random share, up to a minute', () => {
  expect([1, 2, 3, 4].map((attempt) => retryDelayMs(attempt, undefined, 0.5))).toEqual([500, 1000, 2000, 4000]);
  expect([retryDelayMs(1, undefined, 0), retryDelayMs(1, undefined, 1)]).toEqual([250, 750]);
  expect(retryDelayMs(20, undefined, 1)).toBe(60_000);
});

test('follows Retry-After in seconds or as a date, up to a minute', () => {
  const now = Date.parse('Mon, 02 Mar 2026 10:00:00 GMT');
  expect(retryDelayMs(1, '0', 0.5, now)).toBe(0);
  expect(retryDelayMs(1, ' 12 ', 0.5, now)).toBe(12_000);
  expect(retryDelayMs(1, 'Mon, 02 Mar 2026 10:00:05 GMT', 0.5, now)).toBe(5000);
  expect(retryDelayMs(1, '3600', 0.5, now)).toBe(60_000);
});

test('ignores a past date and an invalid Retry-After', () => {
  const now = Date.parse('Mon, 02 Mar 2026 10:00:00 GMT');
  expect(retryDelayMs(2, 'Mon, 02 Mar 2026 09:00:00 GMT', 0.5, now)).toBe(1000);
  expect(retryDelayMs(2, 'soon', 0.5, now)).toBe(1000);
});

test('knows which statuses are transient', () => {
  expect([408, 429, 500, 502, 503, 504].every(isTransientStatus)).toBe(true);
  expect([200, 202, 307, 400, 401, 403, 404, 413, 416, 501].some(isTransientStatus)).toBe(false);
});
