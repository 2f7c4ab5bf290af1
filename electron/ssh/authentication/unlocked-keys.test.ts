import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { privateKeyOf } from './private-key.ts';
import { UnlockedKeys } from './unlocked-keys.ts';

const key = privateKeyOf(generateKeyPairSync('ed25519').privateKey);
const file = Buffer.from('a locked key');

test('a file is unlocked only once for many sign-ins', async () => {
  const keys = new UnlockedKeys();
  const unlock = vi.fn(async () => key);
  expect(await keys.getOrUnlock(file, 'secret', unlock)).toBe(key);
  expect(await keys.getOrUnlock(Buffer.from(file), 'secret', unlock)).toBe(key);
  expect(unlock).toHaveBeenCalledTimes(1);
});

test('a wrong passphrase is tried each time, and does not unlock a key that another passphrase has unlocked', async () => {
  const keys = new UnlockedKeys();
  await keys.getOrUnlock(file, 'secret', async () => key);
  const unlock = vi.fn(async () => undefined);
  expect(await keys.getOrUnlock(file, 'secre', unlock)).toBeUndefined();
  expect(await keys.getOrUnlock(file, 'secre', unlock)).toBeUndefined();
  expect(unlock).toHaveBeenCalledTimes(2);
});

test('a file with other content is unlocked again', async () => {
  const keys = new UnlockedKeys();
  await keys.getOrUnlock(file, 'secret', async () => key);
  const unlock = vi.fn(async () => undefined);
  await keys.getOrUnlock(Buffer.from('a locked keys'), 'ecret', unlock);
  await keys.getOrUnlock(Buffer.from('a locked ke'), 'ysecret', unlock);
  expect(unlock).toHaveBeenCalledTimes(2);
});
