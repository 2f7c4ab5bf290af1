import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer } from '../../../shared/question.ts';
import type { NewHostKey } from '../../ssh/connect.ts';
import { fingerprint, keyTypeOf } from '../../ssh/known-hosts.ts';
import { makeKey } from '../../ssh/testing/server.ts';
import { AllowedCommands } from './allowed-commands.ts';
import { CommandConsent } from './command-consent.ts';
import { CredentialCache } from './credentials.ts';
import { SecretStore } from './secret-store.ts';
import { authCallbacks, SessionHostKeys } from './session-callbacks.ts';

let folder: string;
const never = new AbortController().signal;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trust-'));
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', join(folder, 'known_hosts'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

function trustOf(...answers: (Answer | (() => Answer))[]) {
  const asked: string[] = [];
  const vault = { refusal: 'None.', encrypt: async () => Buffer.alloc(0), decrypt: async () => '' };
  const trust = authCallbacks(
    async ({ connection }) => {
      asked.push(connection);
      const answer = answers.shift() ?? 'refuse';
      return typeof answer === 'function' ? answer() : answer;
    },
    new CredentialCache(new SecretStore(folder, vault)),
    new SessionHostKeys(),
    new CommandConsent(new AllowedCommands(folder)),
  );
  return { trust, asked };
}

function shown(change: Partial<NewHostKey> = {}): NewHostKey {
  const { wire: key } = makeKey();
  return {
    name: 'pi4',
    host: 'pi4.local',
    port: 22,
    recordedAs: { host: 'pi4.local', port: 22 },
    keyType: keyTypeOf(key),
    fingerprint: fingerprint(key),
    key,
    notes: [],
    hashed: false,
    ...change,
  };
}

test('a key that is trusted once is trusted until the app is closed, and saved nowhere', async () => {
  const { trust, asked } = trustOf('once');
  const key = shown();
  expect(await trust.decideHostKey(key, never)).toBe(true);
  expect(await trust.decideHostKey(key, never)).toBe(true);
  expect(await trust.decideHostKey(shown(), never)).toBe(false);
  expect(asked).toHaveLength(2);
  await expect(readFile(join(folder, 'known_hosts'))).rejects.toThrow();
});

test('lines that come to the same host at once are answered by one answer, which is saved once', async () => {
  const { trust, asked } = trustOf('trust');
  const key = shown({ hashed: true });
  const lines = ['a', 'b', 'c'].map((name) => trust.decideHostKey({ ...key, name }, never));
  expect(await Promise.all(lines)).toEqual([true, true, true]);
  expect(asked).toEqual(['a']);
  const saved = await readFile(join(folder, 'known_hosts'), 'utf8');
  expect(saved.trim().split('\n')).toHaveLength(1);
  expect(saved).toMatch(/^\|1\|/);
});

test('a line that is given up has not refused for the others', async () => {
  const left = new AbortController();
  const taken = (): Answer => {
    // its line is given up while it is asked, so that the question is taken back
    left.abort();
    return 'refuse';
  };
  const { trust, asked } = trustOf(taken, 'once');
  const key = shown();
  const first = trust.decideHostKey({ ...key, name: 'a' }, left.signal);
  const second = trust.decideHostKey({ ...key, name: 'b' }, never);
  expect(await first).toBe(false);
  expect(await second).toBe(true);
  expect(asked).toEqual(['a', 'b']);
});
