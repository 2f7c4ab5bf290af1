import { expect, test } from 'vitest';
import { errorCode, isTransientError, isTransientStatus, pauseMs } from './retry.ts';

test('waits twice as long after each attempt, half of it by chance, and a minute at most', () => {
  expect([1, 2, 3, 4].map((attempt) => pauseMs(attempt, undefined, 0.5))).toEqual([500, 1000, 2000, 4000]);
  expect([pauseMs(1, undefined, 0), pauseMs(1, undefined, 1)]).toEqual([250, 750]);
  expect(pauseMs(20, undefined, 1)).toBe(60_000);
});

test('waits as long as it is asked to, in seconds or until a date, and a minute at most', () => {
  const now = Date.parse('Mon, 02 Mar 2026 10:00:00 GMT');
  expect(pauseMs(1, '0', 0.5, now)).toBe(0);
  expect(pauseMs(1, ' 12 ', 0.5, now)).toBe(12_000);
  expect(pauseMs(1, 'Mon, 02 Mar 2026 10:00:05 GMT', 0.5, now)).toBe(5000);
  expect(pauseMs(1, '3600', 0.5, now)).toBe(60_000);
});

test('does not care for a date that is over, or for nonsense', () => {
  const now = Date.parse('Mon, 02 Mar 2026 10:00:00 GMT');
  expect(pauseMs(2, 'Mon, 02 Mar 2026 09:00:00 GMT', 0.5, now)).toBe(1000);
  expect(pauseMs(2, 'soon', 0.5, now)).toBe(1000);
});

test('tells what may be well next time from what will not', () => {
  expect([408, 429, 500, 502, 503, 504].every(isTransientStatus)).toBe(true);
  expect([200, 202, 307, 400, 401, 403, 404, 413, 416, 501].some(isTransientStatus)).toBe(false);
  expect(isTransientError(Object.assign(new Error(), { code: 'ECONNRESET' }))).toBe(true);
  expect(isTransientError(Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' }))).toBe(false);
  expect(isTransientError('ECONNRESET')).toBe(false);
});

test('finds the code of an error that stands for several addresses', () => {
  const each = Object.assign(new Error(), { code: 'ECONNREFUSED' });
  expect(errorCode(new AggregateError([each]))).toBe('ECONNREFUSED');
});
