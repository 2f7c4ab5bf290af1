import { expect, it } from 'vitest';
import { Yielder } from './yielder.ts';

/** Keeps the processor busy, as a call to a slow disk keeps the event loop. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until) {}
}

it('goes through the pool for a while after a call was slow', async () => {
  const pace = new Yielder();
  const ways: string[] = [];
  const call = () =>
    pace.do(
      () => ways.push('now'),
      async () => ways.push('later'),
    );
  await pace.do(
    () => block(20),
    async () => undefined,
  );
  for (let count = 0; count < 65; count++) {
    await call();
  }
  expect(ways.slice(0, 64)).toEqual(Array(64).fill('later'));
  expect(ways[64]).toBe('now');
});

it('lets others have their turn when a burst is over', async () => {
  const pace = new Yielder();
  let turns = 0;
  setImmediate(() => turns++);
  await pace.breathe();
  block(20);
  expect(turns).toBe(0);
  await pace.breathe();
  expect(turns).toBe(1);
});

it('passes on what a call throws', async () => {
  const broken = () => {
    throw new Error('broken');
  };
  await expect(new Yielder().do(broken, async () => undefined)).rejects.toThrow('broken');
});
