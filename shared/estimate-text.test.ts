import { expect, test } from 'vitest';
import { buildRemainingText, estimateText, remainingText, roughTime } from './estimate-text.ts';
import { platformSchema } from './platform.ts';

const start = Date.parse('2026-01-02T03:04:05Z');
const arm64 = platformSchema.parse('linux/arm64');
const estimate = { ms: 60_000, low: 50_000, high: 75_000 };
const job = {
  platform: arm64,
  status: 'building' as const,
  estimate,
  lost: [],
  startedAt: new Date(start).toISOString(),
};

test.each([
  [400, '1 s'],
  [7_400, '7 s'],
  [43_000, '45 s'],
  [119_000, '2 min'],
  [200_000, '3 min 30 s'],
  [1_234_000, '21 min'],
  [5_000_000, '1 h 25 min'],
])('%i ms is roughly %s', (ms, text) => {
  expect(roughTime(ms)).toBe(text);
});

test('an estimate is one time, or a range if little is known', () => {
  expect(estimateText(estimate)).toBe('about 1 min');
  expect(estimateText({ ms: 60_000, low: 20_000, high: 180_000 })).toBe('20 s to 3 min');
});

test('what is left of a job is said while its estimate can be true', () => {
  expect(remainingText(job, start + 18_000)).toBe('about 40 s left');
  expect(remainingText(job, start + 58_000)).toBeUndefined();
  expect(remainingText(job, start + 61_000)).toBeUndefined();
  expect(remainingText({ ...job, estimate: undefined }, start)).toBeUndefined();
  expect(remainingText({ ...job, status: 'done' }, start)).toBeUndefined();
});

test('a job that has moved to another node began again there', () => {
  const at = new Date(start + 100_000).toISOString();
  expect(remainingText({ ...job, lost: [{ at }] }, start + 110_000)).toBe('about 50 s left');
});

test('a job that waits for a slot takes as long as its wait and itself', () => {
  const startsAt = new Date(start + 30_000).toISOString();
  const waiting = { ...job, status: 'queued' as const, startedAt: undefined };
  expect(remainingText({ ...waiting, wait: { reason: 'slot', ahead: 1, startsAt } }, start)).toBe(
    'about 1 min 30 s left',
  );
  expect(remainingText({ ...waiting, wait: { reason: 'slot', ahead: 1 } }, start)).toBeUndefined();
});

test('what is left of a build is known if it is of all jobs that have not ended', () => {
  const whole = { ...job, mode: 'native' as const, node: 'a', reason: '', steps: [], bytesSent: 0, bytesReceived: 0 };
  const slow = { ...whole, estimate: { ms: 300_000, low: 1, high: 400_000 } };
  expect(buildRemainingText({ status: 'running', jobs: [whole, slow] }, start)).toBe('about 5 min left');
  expect(
    buildRemainingText({ status: 'running', jobs: [whole, { ...slow, estimate: undefined }] }, start),
  ).toBeUndefined();
  expect(buildRemainingText({ status: 'running', jobs: [whole, { ...slow, status: 'done' }] }, start)).toBe(
    'about 1 min left',
  );
  expect(buildRemainingText({ status: 'done', jobs: [whole] }, start)).toBeUndefined();
});
