import { expect, it } from 'vitest';
import { Yielder } from './yielder.ts';

/** Blocks the event loop, like a call to a slow disk. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
}

it('uses the thread pool for a while after a slow call', async () => {
  const yielder = new Yielder();
  const used: string[] = [];
  const call = () =>
    yielder.run(
      () => used.push('blocking'),
      async () => used.push('pooled'),
    );
  await yielder.run(
    () => block(20),
    async () => undefined,
  );
  for (let count = 0; count < 65; count++) {
    await call();
  }
  expect(used.slice(0, 64)).toEqual(Array(64).fill('pooled'));
  expect(used[64]).toBe('blocking');
});

it('lets the event loop run at the end of a burst', async () => {
  const yielder = new Yielder();
  let rounds = 0;
  setImmediate(() => rounds++);
  await yielder.yieldIfDue();
  block(20);
  expect(rounds).toBe(0);
  await yielder.yieldIfDue();
  expect(rounds).toBe(1);
});

it('rejects with the error of a call', async () => {
  const broken = () => {
    throw new Error('broken');
  };
  await expect(new Yielder().run(broken, async () => undefined)).rejects.toThrow('broken');
});
