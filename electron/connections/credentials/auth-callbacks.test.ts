import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Answer, QuestionSource } from '../../../shared/question.ts';
import type { UnknownHostKey } from '../../ssh/connect-options.ts';
import { rememberHostKey } from '../../ssh/known-hosts/remember-host-key.ts';
import { fingerprint, keyTypeOf } from '../../ssh/public-key.ts';
import { makeKey } from '../../ssh/testing/test-server.ts';
import { AllowedCommands } from './allowed-commands.ts';
import { AcceptedHostKeys, authCallbacks } from './auth-callbacks.ts';
import { CommandConsent } from './command-consent.ts';
import { CredentialCache } from './credential-cache.ts';
import { CredentialStore } from './credential-store.ts';

let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'auth-callbacks-'));
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', join(folder, 'known_hosts'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The callbacks with a person who answers with these in order, and then refuses. */
function callbacksFor(...answers: (Answer | (() => Answer))[]) {
  const asked: string[] = [];
  const keychain = { refusal: 'None.', encrypt: async () => Buffer.alloc(0), decrypt: async () => '' };
  const callbacks = authCallbacks(
    async ({ connection }) => {
      asked.push(connection);
      const answer = answers.shift() ?? 'refuse';
      return typeof answer === 'function' ? answer() : answer;
    },
    new CredentialCache(new CredentialStore(folder, keychain)),
    new AcceptedHostKeys(),
    new CommandConsent(new AllowedCommands(folder)),
  );
  return { callbacks, asked };
}

function makeHostKey(change: Partial<UnknownHostKey> = {}): UnknownHostKey & QuestionSource {
  const { wire: key } = makeKey();
  return {
    name: 'pi4',
    connection: 'pi4',
    host: 'pi4.local',
    port: 22,
    recordedAs: { host: 'pi4.local', port: 22 },
    keyType: keyTypeOf(key),
    fingerprint: fingerprint(key),
    key,
    notes: [],
    hashName: false,
    ...change,
  };
}

test('a key that is trusted once is trusted until the app is closed, and not saved', async () => {
  const { callbacks, asked } = callbacksFor('once');
  const key = makeHostKey();
  expect(await callbacks.decideHostKey(key, signal)).toBe(true);
  expect(await callbacks.decideHostKey(key, signal)).toBe(true);
  expect(await callbacks.decideHostKey(makeHostKey(), signal)).toBe(false);
  expect(asked).toHaveLength(2);
  await expect(readFile(join(folder, 'known_hosts'))).rejects.toThrow();
});

test('sessions that connect to the same host at once share one answer, which is saved once', async () => {
  const { callbacks, asked } = callbacksFor('trust');
  const key = makeHostKey({ hashName: true });
  const decisions = ['a', 'b', 'c'].map((connection) => callbacks.decideHostKey({ ...key, connection }, signal));
  expect(await Promise.all(decisions)).toEqual([true, true, true]);
  expect(asked).toEqual(['a']);
  const saved = await readFile(join(folder, 'known_hosts'), 'utf8');
  expect(saved.trim().split('\n')).toHaveLength(1);
  expect(saved).toMatch(/^\|1\|/);
});

test('a session that is cancelled does not refuse for the others', async () => {
  const cancelled = new AbortController();
  const cancel = (): Answer => {
    // the session is cancelled while the question is open, which withdraws the question
    cancelled.abort();
    return 'refuse';
  };
  const { callbacks, asked } = callbacksFor(cancel, 'once');
  const key = makeHostKey();
  const first = callbacks.decideHostKey({ ...key, connection: 'a' }, cancelled.signal);
  const second = callbacks.decideHostKey({ ...key, connection: 'b' }, signal);
  expect(await first).toBe(false);
  expect(await second).toBe(true);
  expect(asked).toEqual(['a', 'b']);
});

test('a question is withdrawn when the key is trusted in another process', async () => {
  const keychain = { refusal: 'None.', encrypt: async () => Buffer.alloc(0), decrypt: async () => '' };
  const path = join(folder, 'known_hosts');
  const key = makeHostKey();
  const { decideHostKey } = authCallbacks(
    async (_question, withdrawn) => {
      await rememberHostKey(path, 'pi4.local', 22, key.key, { hashName: false });
      return new Promise((resolve) => withdrawn.addEventListener('abort', () => resolve('refuse')));
    },
    new CredentialCache(new CredentialStore(folder, keychain)),
    new AcceptedHostKeys(),
    new CommandConsent(new AllowedCommands(folder)),
  );
  expect(await decideHostKey(key, signal)).toBe(true);
  // it is saved once, by the other process, and asked about no more
  expect(await decideHostKey(key, signal)).toBe(true);
  expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(1);
});
