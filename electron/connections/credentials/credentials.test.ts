import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Answer, NewQuestion } from '../../../shared/question.ts';
import type { Wanted } from '../../ssh/authentication/credential.ts';
import { CredentialCache } from './credentials.ts';
import { type Keychain, SecretStore } from './secret-store.ts';
import { makeVault } from './testing/vault.ts';

let folder: string;
let vault: Keychain;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  vault = makeVault();
});
afterEach(() => rm(folder, { recursive: true }));

/** A person who gives these answers, one after another. */
function personWho(...answers: Answer[]) {
  const asked: NewQuestion[] = [];
  const ask = async (question: NewQuestion): Promise<Answer> => {
    asked.push(question);
    return answers.shift() ?? 'refuse';
  };
  return { asked, ask };
}

const account = { connection: 'pi4', user: 'kim', host: 'pi4.local', port: 22, wasWrong: false };
const password: Wanted = { kind: 'password', ...account };
const prompt: Wanted = {
  kind: 'prompts',
  ...account,
  title: '',
  instructions: '',
  prompts: [{ text: 'Password:', echo: false }],
};
const code: Wanted = { ...prompt, prompts: [{ text: 'Code:', echo: true }] };
const passphrase: Wanted = { kind: 'passphrase', connection: 'pi4', path: '/home/kim/.ssh/id', wasWrong: false };
const never = new AbortController().signal;

function secret(text: string, remember = false): Answer {
  return { secrets: [text], remember };
}

function secretsHere(): CredentialCache {
  return new CredentialCache(new SecretStore(folder, vault));
}

describe('what has worked', () => {
  test('is given again in this run of the app without asking, and what never turned out is not', async () => {
    const person = personWho(secret('one'), secret('two'));
    const ask = secretsHere().asking(person.ask);
    const unproved = await ask(password, never);
    await unproved?.over(false);
    const proved = await ask(password, never);
    await proved?.proved(true);
    await proved?.over(true);
    expect(await ask(password, never)).toMatchObject({ secrets: ['two'], fromPerson: false });
    expect(person.asked).toHaveLength(2);
  });

  test('is the same by a password prompt of the server, and another for another account', async () => {
    const person = personWho(secret('secret'));
    const ask = secretsHere().asking(person.ask);
    const first = await ask(prompt, never);
    await first?.proved(true);
    await first?.over(true);
    expect((await ask(password, never))?.secrets).toEqual(['secret']);
    expect(await ask({ ...password, user: 'root' }, never)).toBeUndefined();
    expect(await ask({ ...password, port: 2222 }, never)).toBeUndefined();
  });

  test('is not kept where it is good for one time only', async () => {
    const person = personWho(secret('123456'), secret('654321'));
    const ask = secretsHere().asking(person.ask);
    const first = await ask(code, never);
    await first?.proved(true);
    await first?.over(true);
    expect((await ask(code, never))?.secrets).toEqual(['654321']);
  });
});

describe('what is to be remembered', () => {
  async function rememberPassphrase(signedIn: boolean): Promise<void> {
    const secrets = secretsHere();
    const given = await secrets.asking(personWho(secret('open sesame', true)).ask)(passphrase, never);
    await given?.proved(true);
    await given?.over(signedIn);
    await secrets.close();
  }

  test('is given in the next run, and stands nowhere in clear', async () => {
    await rememberPassphrase(true);
    expect(await readFile(join(folder, 'secrets.json'), 'utf8')).not.toContain('open sesame');
    const next = secretsHere();
    expect(await next.list()).toEqual([{ id: expect.any(String), kind: 'passphrase', subject: '/home/kim/.ssh/id' }]);
    const person = personWho();
    expect(await next.asking(person.ask)(passphrase, never)).toMatchObject({ secrets: ['open sesame'] });
    expect(person.asked).toEqual([]);
  });

  test('is not remembered when the sign-in has failed all the same', async () => {
    await rememberPassphrase(false);
    expect(await secretsHere().list()).toEqual([]);
  });

  test('is forgotten when it turns out wrong, and asked anew', async () => {
    await rememberPassphrase(true);
    const next = secretsHere();
    const person = personWho(secret('new'));
    const ask = next.asking(person.ask);
    await (await ask(passphrase, never))?.proved(false);
    expect(await next.list()).toEqual([]);
    expect((await ask({ ...passphrase, wasWrong: true }, never))?.secrets).toEqual(['new']);
  });

  test('is forgotten when a person says so, in this run too', async () => {
    await rememberPassphrase(true);
    const next = secretsHere();
    const person = personWho();
    const ask = next.asking(person.ask);
    await (await ask(passphrase, never))?.proved(true);
    const [remembered] = await next.list();
    await next.forget(remembered?.id ?? '');
    expect(await ask(passphrase, never)).toBeUndefined();
    expect(person.asked).toHaveLength(1);
    await expect(next.forget('gone')).rejects.toMatchObject({ problem: { code: 'input.invalid' } });
  });

  test('is asked for anew where the keychain is another, or the file is broken', async () => {
    await rememberPassphrase(true);
    vault = makeVault();
    const person = personWho(secret('one'), secret('two'));
    const first = await secretsHere().asking(person.ask)(passphrase, never);
    expect(first?.secrets).toEqual(['one']);
    await writeFile(join(folder, 'secrets.json'), '{');
    expect((await secretsHere().asking(person.ask)(passphrase, never))?.secrets).toEqual(['two']);
  });

  test('is not, where there is no keychain: the question says why', async () => {
    vault = { ...vault, refusal: 'There is no keychain here.' };
    const person = personWho();
    await secretsHere().asking(person.ask)(password, never);
    expect(person.asked).toMatchObject([{ remember: { possible: false, reason: 'There is no keychain here.' } }]);
    await expect(new SecretStore(folder, vault).save('password', 'x', 'y')).rejects.toMatchObject({
      problem: { code: 'secrets.unavailable', fix: 'There is no keychain here.' },
    });
  });
});

describe('those who want the same at once', () => {
  test('wait for one answer, and get it', async () => {
    const person = personWho(secret('secret'));
    const ask = secretsHere().asking(person.ask);
    const first = await ask(password, never);
    const second = ask(password, never);
    await first?.proved(true);
    expect((await second)?.secrets).toEqual(['secret']);
    expect(person.asked).toHaveLength(1);
  });

  test('are refused with the first, and whoever comes later is asked again', async () => {
    const person = personWho('refuse', secret('secret'));
    const ask = secretsHere().asking(person.ask);
    expect(await Promise.all([ask(password, never), ask(password, never), ask(password, never)])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(person.asked).toHaveLength(1);
    expect((await ask(password, never))?.secrets).toEqual(['secret']);
  });

  test('are asked themselves when the first has left without an answer', async () => {
    const left = new AbortController();
    const person = personWho('refuse', secret('secret'));
    const ask = secretsHere().asking((question) => {
      if (person.asked.length === 0) {
        left.abort();
      }
      return person.ask(question);
    });
    const [first, second] = await Promise.all([ask(password, left.signal), ask(password, never)]);
    expect(first).toBeUndefined();
    expect(second?.secrets).toEqual(['secret']);
  });
});
