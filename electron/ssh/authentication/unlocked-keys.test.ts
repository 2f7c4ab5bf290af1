import { generateKeyPairSync } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { privateKeyOf } from './private-key.ts';
import { UnlockedKeys } from './unlocked-keys.ts';

const key = privateKeyOf(generateKeyPairSync('ed25519').privateKey);
const file = Buffer.from('a locked key');

test('a file is unlocked once for many sign-ins', async () => {
  const keys = new UnlockedKeys();
  const unlock = vi.fn(async () => key);
  expect(await keys.find(file, 'secret', unlock)).toBe(key);
  expect(await keys.find(Buffer.from(file), 'secret', unlock)).toBe(key);
  expect(unlock).toHaveBeenCalledTimes(1);
});

test('a passphrase that does not fit is tried each time, and opens nothing that another has opened', async () => {
  const keys = new UnlockedKeys();
  await keys.find(file, 'secret', async () => key);
  const unlock = vi.fn(async () => undefined);
  expect(await keys.find(file, 'secre', unlock)).toBeUndefined();
  expect(await keys.find(file, 'secre', unlock)).toBeUndefined();
  expect(unlock).toHaveBeenCalledTimes(2);
});

test('another file, or the same with other content, is unlocked anew', async () => {
  const keys = new UnlockedKeys();
  await keys.find(file, 'secret', async () => key);
  const unlock = vi.fn(async () => undefined);
  await keys.find(Buffer.from('a locked keys'), 'ecret', unlock);
  await keys.find(Buffer.from('a locked ke'), 'ysecret', unlock);
  expect(unlock).toHaveBeenCalledTimes(2);
});
