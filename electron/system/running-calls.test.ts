import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { RunningCalls } from './running-calls.ts';

test('a call is cancelled by its signal and by closing, and leaves no listener behind', async () => {
  const calls = new RunningCalls();
  const { signal } = new AbortController();
  for (let count = 0; count < 20; count += 1) {
    await calls.run(signal, async () => 'done');
  }
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  const cancel = new AbortController();
  const reasons: unknown[] = [];
  const wait = (each: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      each.addEventListener('abort', () => {
        reasons.push(each.reason);
        resolve();
      });
    });
  const [one, other] = [calls.run(cancel.signal, wait), calls.run(undefined, wait)];
  cancel.abort('mine');
  await one;
  const closed = new Error('closed');
  calls.cancelAll(closed);
  await other;
  expect(reasons).toEqual(['mine', closed]);
  expect(await calls.run(undefined, async (later) => later.reason)).toBe(closed);
});
