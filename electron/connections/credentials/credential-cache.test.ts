import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, NewQuestion } from '../../../shared/question.ts';
import type { SecretRequest } from '../../ssh/authentication/secret-request.ts';
import { CredentialCache } from './credential-cache.ts';
import { CredentialStore, type Keychain } from './credential-store.ts';
import { makeKeychain } from './testing/keychain.ts';

let folder: string;
let keychain: Keychain;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  keychain = makeKeychain();
});
afterEach(() => rm(folder, { recursive: true }));

/** A person who answers with these in order, and then refuses. */
function personWith(...answers: Answer[]) {
  const asked: NewQuestion[] = [];
  const ask = async (question: NewQuestion): Promise<Answer> => {
    asked.push(question);
    return answers.shift() ?? 'refuse';
  };
  return { asked, ask };
}

const account = { connection: 'pi4', user: 'kim', host: 'pi4.local', port: 22, wasWrong: false };
const password: SecretRequest = { kind: 'password', ...account };
const prompt: SecretRequest = {
  kind: 'prompts',
  ...account,
  title: '',
  instructions: '',
  prompts: [{ text: 'Password:', echo: false }],
};
const code: SecretRequest = { ...prompt, prompts: [{ text: 'Code:', echo: true }] };
const passphrase: SecretRequest = { kind: 'passphrase', connection: 'pi4', path: '/home/kim/.ssh/id', wasWrong: false };
const { signal } = new AbortController();

function secret(text: string, remember = false): Answer {
  return { secrets: [text], remember };
}

function startCache(): CredentialCache {
  return new CredentialCache(new CredentialStore(folder, keychain));
}

describe('a secret that has worked', () => {
  test('is used again without asking; one without a result is not', async () => {
    const person = personWith(secret('one'), secret('two'));
    const ask = startCache().credentialProvider(person.ask);
    const untested = await ask(password, signal);
    await untested?.finish(false);
    const tested = await ask(password, signal);
    await tested?.reportResult(true);
    await tested?.finish(true);
    expect(await ask(password, signal)).toMatchObject({ secrets: ['two'], isFromPerson: false });
    expect(person.asked).toHaveLength(2);
  });

  test('is also used for a password prompt of the server, but not for another account', async () => {
    const person = personWith(secret('secret'));
    const ask = startCache().credentialProvider(person.ask);
    const first = await ask(prompt, signal);
    await first?.reportResult(true);
    await first?.finish(true);
    expect((await ask(password, signal))?.secrets).toEqual(['secret']);
    expect(await ask({ ...password, user: 'root' }, signal)).toBeUndefined();
    expect(await ask({ ...password, port: 2222 }, signal)).toBeUndefined();
  });

  test('is not kept if it is valid only once', async () => {
    const person = personWith(secret('123456'), secret('654321'));
    const ask = startCache().credentialProvider(person.ask);
    const first = await ask(code, signal);
    await first?.reportResult(true);
    await first?.finish(true);
    expect((await ask(code, signal))?.secrets).toEqual(['654321']);
  });
});

describe('a secret to be saved', () => {
  async function rememberPassphrase(signedIn: boolean): Promise<void> {
    const secrets = startCache();
    const answer = await secrets.credentialProvider(personWith(secret('open sesame', true)).ask)(passphrase, signal);
    await answer?.reportResult(true);
    await answer?.finish(signedIn);
    await secrets.close();
  }

  test('is used after a restart, and stored encrypted', async () => {
    await rememberPassphrase(true);
    expect(await readFile(join(folder, 'secrets.json'), 'utf8')).not.toContain('open sesame');
    const next = startCache();
    expect(await next.list()).toEqual([{ id: expect.any(String), kind: 'passphrase', subject: '/home/kim/.ssh/id' }]);
    const person = personWith();
    expect(await next.credentialProvider(person.ask)(passphrase, signal)).toMatchObject({ secrets: ['open sesame'] });
    expect(person.asked).toEqual([]);
  });

  test('is not saved if the sign-in failed', async () => {
    await rememberPassphrase(false);
    expect(await startCache().list()).toEqual([]);
  });

  test('is removed if it is wrong, and a person is asked again', async () => {
    await rememberPassphrase(true);
    const next = startCache();
    const person = personWith(secret('new'));
    const ask = next.credentialProvider(person.ask);
    await (await ask(passphrase, signal))?.reportResult(false);
    expect(await next.list()).toEqual([]);
    expect((await ask({ ...passphrase, wasWrong: true }, signal))?.secrets).toEqual(['new']);
  });

  test('is removed from the file and from memory if a person removes it', async () => {
    await rememberPassphrase(true);
    const next = startCache();
    const person = personWith();
    const ask = next.credentialProvider(person.ask);
    await (await ask(passphrase, signal))?.reportResult(true);
    const [remembered] = await next.list();
    await next.forget(remembered?.id ?? '');
    expect(await ask(passphrase, signal)).toBeUndefined();
    expect(person.asked).toHaveLength(1);
    await expect(next.forget('gone')).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
  });

  test('is asked for again if the keychain has changed or the file is not valid', async () => {
    await rememberPassphrase(true);
    keychain = makeKeychain();
    const person = personWith(secret('one'), secret('two'));
    const first = await startCache().credentialProvider(person.ask)(passphrase, signal);
    expect(first?.secrets).toEqual(['one']);
    await writeFile(join(folder, 'secrets.json'), '{');
    expect((await startCache().credentialProvider(person.ask)(passphrase, signal))?.secrets).toEqual(['two']);
  });

  test('cannot be saved without a keychain; the question says why', async () => {
    keychain = { ...keychain, refusal: 'There is no keychain here.' };
    const person = personWith();
    await startCache().credentialProvider(person.ask)(password, signal);
    expect(person.asked).toMatchObject([{ remember: { possible: false, reason: 'There is no keychain here.' } }]);
    await expect(new CredentialStore(folder, keychain).save('password', 'x', 'y')).rejects.toMatchObject({
      problem: { code: 'secrets.unavailable', fix: 'There is no keychain here.' },
    });
  });
});

describe('sign-ins that need the same secret at once', () => {
  test('wait for one answer and share it', async () => {
    const person = personWith(secret('secret'));
    const ask = startCache().credentialProvider(person.ask);
    const first = await ask(password, signal);
    const second = ask(password, signal);
    await first?.reportResult(true);
    expect((await second)?.secrets).toEqual(['secret']);
    expect(person.asked).toHaveLength(1);
  });

  test('are refused together, and a later one asks again', async () => {
    const person = personWith('refuse', secret('secret'));
    const ask = startCache().credentialProvider(person.ask);
    expect(await Promise.all([ask(password, signal), ask(password, signal), ask(password, signal)])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(person.asked).toHaveLength(1);
    expect((await ask(password, signal))?.secrets).toEqual(['secret']);
  });

  test('ask themselves if the first is cancelled without an answer', async () => {
    const cancelled = new AbortController();
    const person = personWith('refuse', secret('secret'));
    const ask = startCache().credentialProvider((question) => {
      if (person.asked.length === 0) {
        cancelled.abort();
      }
      return person.ask(question);
    });
    const [first, second] = await Promise.all([ask(password, cancelled.signal), ask(password, signal)]);
    expect(first).toBeUndefined();
    expect(second?.secrets).toEqual(['secret']);
  });
});
