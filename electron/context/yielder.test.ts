import { expect, it } from 'vitest';
import { Yielder } from './yielder.ts';

/** Blocks the event loop, like a call to a slow disk. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
}

it('uses the thread pool for a while after a slow call', async () => {
  const yielder = new Yielder();
  const call = (input: number): string => {
    block(input === 3 ? 20 : 0);
    return 'blocking';
  };
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  const results = await yielder.map(numbers.slice(0, 30), call, async () => 'pooled');
  expect(results).toEqual([...Array(4).fill('blocking'), ...Array(26).fill('pooled')]);
  expect(await yielder.map(numbers.slice(4, 42), call, async () => 'pooled')).toEqual(Array(38).fill('pooled'));
  expect(await yielder.map([7], call, async () => 'pooled')).toEqual(['blocking']);
});

it('lets the event loop run at the end of a burst', async () => {
  const yielder = new Yielder();
  expect(yielder.isDue).toBe(false);
  let rounds = 0;
  setImmediate(() => rounds++);
  block(20);
  expect(yielder.isDue).toBe(true);
  await yielder.yield();
  expect(rounds).toBe(1);
  expect(yielder.isDue).toBe(false);
});

it('rejects with the error of a call', async () => {
  const broken = () => {
    throw new Error('broken');
  };
  await expect(new Yielder().map([1], broken, async () => undefined)).rejects.toThrow('broken');
});
