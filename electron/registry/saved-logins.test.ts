import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CredentialStore, type Keychain } from '../connections/credentials/credential-store.ts';
import { SavedLogins } from './saved-logins.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saved-logins-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const keychain: Keychain = {
  encrypt: async (text) => Buffer.from([...text].reverse().join('')),
  decrypt: async (bytes) => [...bytes.toString()].reverse().join(''),
};
const locked: Keychain = { ...keychain, refusal: 'There is no keychain.' };

test('a login is kept encrypted, is found by the most specific name, and is replaced by that of another user', async () => {
  const logins = new SavedLogins(new CredentialStore(folder, keychain), { runsOn: false });
  await logins.save('registry.test', { username: 'anna', password: 'hunter2' });
  await logins.save('registry.test/team', { identityToken: 'a-token', username: 'ci' });
  expect(await readFile(join(folder, 'secrets.json'), 'utf8')).not.toMatch(/hunter2|a-token/);
  expect(await logins.find(['registry.test/team/api', 'registry.test/team', 'registry.test'])).toMatchObject({
    identityToken: 'a-token',
  });
  expect(await logins.find(['registry.test/other', 'registry.test'])).toMatchObject({ password: 'hunter2' });
  await logins.save('registry.test', { username: 'ben', password: 'other' });
  expect(await logins.list()).toMatchObject([
    { name: 'registry.test', username: 'ben', store: 'barnraiser' },
    { name: 'registry.test/team', store: 'barnraiser' },
  ]);
  expect(await logins.remove('registry.test')).toBe(true);
  expect(await logins.remove('registry.test')).toBe(false);
  expect(await logins.find(['registry.test'])).toBeUndefined();
});

test('without a keychain, a process that runs on keeps it in memory, and others say that they cannot read what was saved', async () => {
  await new SavedLogins(new CredentialStore(folder, keychain), { runsOn: true }).save('saved.test', {
    username: 'anna',
    password: 'hunter2',
  });
  const app = new SavedLogins(new CredentialStore(folder, locked), { runsOn: true });
  expect(app.keeps).toBe('memory');
  await app.save('registry.test', { username: 'ben', password: 'hunter3' });
  expect(await app.find(['registry.test'])).toMatchObject({ username: 'ben', password: 'hunter3' });
  expect(await readFile(join(folder, 'secrets.json'), 'utf8')).not.toContain('registry.test');
  const terminal = new SavedLogins(new CredentialStore(folder, locked), { runsOn: false });
  expect(terminal.keeps).toBeUndefined();
  expect(await terminal.list()).toMatchObject([{ name: 'saved.test', unusable: 'There is no keychain.' }]);
  expect(await terminal.find(['saved.test'])).toBeUndefined();
});
