import { expect, test } from 'vitest';
import { KeyedMutex } from './keyed-mutex.ts';

const never = new AbortController().signal;

test('each holder gets the outcome of the one before it, and other keys do not wait', async () => {
  const mutex = new KeyedMutex<string>();
  const one = await mutex.acquire('a', never);
  const two = mutex.acquire('a', never);
  expect((await mutex.acquire('b', never))?.previous).toBeUndefined();
  one?.release('yes');
  expect((await two)?.previous).toBe('yes');
});

test('a wait can be cancelled, and the lock goes on to the next', async () => {
  const mutex = new KeyedMutex<string>();
  const one = await mutex.acquire('a', never);
  const cancel = new AbortController();
  const two = mutex.acquire('a', cancel.signal);
  const three = mutex.acquire('a', never);
  cancel.abort();
  expect(await two).toBeUndefined();
  one?.release('yes');
  expect((await three)?.previous).toBe('yes');
  // a lock that a cancelled request was the last to wait for is free afterwards
  (await three)?.release(undefined);
  expect((await mutex.acquire('a', never))?.previous).toBeUndefined();
});
