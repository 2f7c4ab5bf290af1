import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AskSecret, SecretRequest } from './authentication/secret-request.ts';
import { connectClient } from './connect.ts';
import type { ConnectOptions } from './connect-options.ts';
import { KnownHosts } from './known-hosts/known-hosts.ts';
import { makeKey, type PromptRound, type TestKey, TestServer, type TestServerOptions } from './testing/test-server.ts';

const hostKey = makeKey();
const userKey = makeKey();

let folder: string;
let server: TestServer | undefined;
const clients: ssh2.Client[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sign-in-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) {
    client.end();
  }
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

/** Answers requests in place of a person or of saved secrets, and records the requests and results. */
class FakeSecrets {
  readonly requests: SecretRequest[] = [];
  readonly results: string[] = [];
  readonly #answers: (readonly string[] | undefined)[];
  readonly #isFromPerson: boolean;

  constructor(answers: readonly (readonly string[] | undefined)[], isFromPerson = true) {
    this.#answers = [...answers];
    this.#isFromPerson = isFromPerson;
  }

  readonly ask: AskSecret = async (request) => {
    this.requests.push(request);
    const secrets = this.#answers.shift();
    return (
      secrets && {
        secrets,
        isFromPerson: this.#isFromPerson,
        reportResult: async (isCorrect) =>
          void this.results.push(`${secrets.join()} is ${isCorrect ? 'correct' : 'wrong'}`),
        finish: async (isSignedIn) => void (isSignedIn && this.results.push(`${secrets.join()} may be saved`)),
      }
    );
  };
}

async function serve(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  server = await TestServer.start({ hostKeys: [hostKey], userKeys: [], ...options });
  return server;
}

/** Signs in, and returns the method that worked. */
async function signIn(to: TestServer, options: Partial<ConnectOptions> = {}): Promise<string> {
  const file = join(folder, 'known_hosts');
  await writeFile(file, `[127.0.0.1]:${to.port} ${hostKey.line}\n`);
  let by = '';
  const { client } = await connectClient({
    name: 'pi4',
    host: '127.0.0.1',
    port: to.port,
    user: 'kim',
    agentSocket: '',
    identities: [],
    knownHosts: await KnownHosts.load([file]),
    decideHostKey: async () => false,
    onProgress: (progress) => {
      by = progress.kind === 'signed-in' ? progress.by : by;
    },
    ...options,
  });
  clients.push(client);
  return by;
}

async function encryptedKey(passphrase: string): Promise<{ readonly path: string; readonly key: TestKey }> {
  const path = join(folder, 'locked');
  const key = makeKey('ed25519', passphrase);
  await writeFile(path, key.text, { mode: 0o600 });
  return { path, key };
}

async function plainKey(): Promise<string> {
  const path = join(folder, 'plain');
  await writeFile(path, userKey.text, { mode: 0o600 });
  return path;
}

const code: PromptRound = {
  title: 'Token',
  instructions: 'Press its button.\u001b[2J',
  prompts: [{ prompt: 'Code: ', echo: true }],
  answers: ['123456'],
};
const passwordRound: PromptRound = { prompts: [{ prompt: 'Password: ', echo: false }], answers: ['secret'] };

describe('a password', () => {
  test('signs in, and may be saved only then', async () => {
    const secrets = new FakeSecrets([['secret']]);
    expect(await signIn(await serve({ password: 'secret' }), { askSecret: secrets.ask })).toBe('a password');
    expect(secrets.requests).toMatchObject([{ kind: 'password', connection: 'pi4', user: 'kim', wasWrong: false }]);
    expect(secrets.results).toEqual(['secret is correct', 'secret may be saved']);
  });

  test('that is wrong is asked for again, up to three times', async () => {
    const to = await serve({ password: 'secret' });
    const secrets = new FakeSecrets([['one'], ['two'], ['three'], ['secret']]);
    await expect(signIn(to, { askSecret: secrets.ask })).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: `Node pi4: 127.0.0.1:${to.port} refused to sign in user kim. Tried: a password. The server accepts publickey and password.`,
      },
    });
    expect(secrets.requests.map(({ wasWrong }) => wasWrong)).toEqual([false, true, true]);
    expect(secrets.results).toEqual(['one is wrong', 'two is wrong', 'three is wrong']);
  });

  test('that was saved does not count as one of the tries', async () => {
    const saved = new FakeSecrets([['old']], false);
    const person = new FakeSecrets([['one'], ['two'], ['secret']]);
    const to = await serve({ password: 'secret' });
    await signIn(to, { askSecret: (...request) => (saved.requests.length === 0 ? saved : person).ask(...request) });
    expect(saved.results).toEqual(['old is wrong']);
    expect(person.requests[0]?.wasWrong).toBe(true);
  });

  test('is not asked for when the server accepts none, the configuration forbids it, or no person can be asked', async () => {
    const secrets = new FakeSecrets([]);
    const withoutPassword = { publicKey: true, keyboardInteractive: true, password: false };
    const to = await serve();
    await expect(signIn(to, { askSecret: secrets.ask })).rejects.toThrow(
      /There was no key or password to try. The server accepts publickey/,
    );
    await to.stop();
    const accepting = await serve({ password: 'secret' });
    await expect(signIn(accepting, { askSecret: secrets.ask, allowed: withoutPassword })).rejects.toThrow(
      /There was no key or password to try/,
    );
    await expect(signIn(accepting)).rejects.toThrow(/There was no key or password to try/);
    expect(secrets.requests).toEqual([]);
  });

  test('that a person does not enter ends the sign-in without another method', async () => {
    const to = await serve({ password: 'secret', rounds: [code] });
    const secrets = new FakeSecrets([undefined, ['secret']]);
    await expect(signIn(to, { askSecret: secrets.ask })).rejects.toMatchObject({
      problem: { code: 'ssh.cancelled', message: expect.stringContaining('for kim on 127.0.0.1 was not entered') },
    });
    expect(secrets.requests).toHaveLength(1);
    expect(to.triedMethods).toEqual(['none', 'keyboard-interactive']);
  });
});

describe('a keyboard-interactive prompt', () => {
  test('is shown in the words of the server, without control characters, in any number of rounds', async () => {
    const secrets = new FakeSecrets([['secret'], ['123456']]);
    const by = await signIn(await serve({ rounds: [passwordRound, code] }), { askSecret: secrets.ask });
    expect(by).toBe('answers to its prompts');
    expect(secrets.requests).toMatchObject([
      { kind: 'prompts', prompts: [{ text: 'Password:', echo: false }], wasWrong: false },
      { title: 'Token', instructions: 'Press its button.', prompts: [{ text: 'Code:', echo: true }], wasWrong: false },
    ]);
  });

  test('that asks nothing is answered without a person', async () => {
    const secrets = new FakeSecrets([]);
    await signIn(await serve({ rounds: [{ prompts: [], answers: [] }] }), { askSecret: secrets.ask });
    expect(secrets.requests).toEqual([]);
  });

  test('is repeated after a wrong answer, and not replaced by another method after three', async () => {
    const to = await serve({ rounds: [passwordRound], password: 'secret' });
    const secrets = new FakeSecrets([['one'], ['two'], ['three'], ['secret']]);
    await expect(signIn(to, { askSecret: secrets.ask })).rejects.toMatchObject({
      problem: { code: 'ssh.authentication' },
    });
    expect(secrets.requests.map((request) => [request.kind, request.wasWrong])).toEqual([
      ['prompts', false],
      ['prompts', true],
      ['prompts', true],
    ]);
  });
});

describe('an encrypted key', () => {
  test('needs its passphrase, again after a wrong one, and only when the server accepts the key', async () => {
    const { path, key } = await encryptedKey('open sesame');
    const secrets = new FakeSecrets([['wrong'], ['open sesame']]);
    const by = await signIn(await serve({ userKeys: [key] }), { identity: path, askSecret: secrets.ask });
    expect(by).toBe(`the key file ${path}`);
    expect(secrets.requests).toMatchObject([
      { kind: 'passphrase', path, wasWrong: false },
      { kind: 'passphrase', path, wasWrong: true },
    ]);
    expect(secrets.results).toEqual(['wrong is wrong', 'open sesame is correct', 'open sesame may be saved']);
    await server?.stop();
    await expect(signIn(await serve(), { identity: path, askSecret: secrets.ask })).rejects.toThrow(
      /refused to sign in/,
    );
    expect(secrets.requests).toHaveLength(2);
  });

  test('is followed by a password after three wrong passphrases', async () => {
    const { path, key } = await encryptedKey('open sesame');
    const secrets = new FakeSecrets([['1'], ['2'], ['3'], ['secret']]);
    const to = await serve({ userKeys: [key], password: 'secret' });
    expect(await signIn(to, { identity: path, askSecret: secrets.ask })).toBe('a password');
  });
});

describe('a server that requires two methods', () => {
  test('gets a key and a password', async () => {
    const secrets = new FakeSecrets([['secret']]);
    const to = await serve({ userKeys: [userKey], password: 'secret', requiredMethods: ['publickey', 'password'] });
    await signIn(to, { identity: await plainKey(), askSecret: secrets.ask });
    expect(secrets.results).toEqual(['secret is correct', 'secret may be saved']);
  });

  test('gets a password and then a key, although keys come first otherwise', async () => {
    const secrets = new FakeSecrets([['secret']]);
    const to = await serve({ userKeys: [userKey], password: 'secret', requiredMethods: ['password', 'publickey'] });
    await signIn(to, { identity: await plainKey(), askSecret: secrets.ask });
    expect(secrets.results).toEqual(['secret is correct', 'secret may be saved']);
    expect(to.triedMethods).toEqual(['publickey', 'none', 'password', 'publickey']);
  });

  test('gets a key and answers, and wrong answers do not make the correct passphrase wrong', async () => {
    const { path, key } = await encryptedKey('open sesame');
    const secrets = new FakeSecrets([['open sesame'], ['1'], ['2'], ['3']]);
    const to = await serve({ userKeys: [key], rounds: [code], requiredMethods: ['publickey', 'keyboard-interactive'] });
    await expect(signIn(to, { identity: path, askSecret: secrets.ask })).rejects.toThrow(
      /The server accepts keyboard-interactive/,
    );
    expect(secrets.results).toEqual(['open sesame is correct', '1 is wrong', '2 is wrong', '3 is wrong']);
  });
});

describe('a person', () => {
  test('may take longer than the time limit of the sign-in', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const secrets = new FakeSecrets([['secret']]);
      const to = await serve({ password: 'secret' });
      const askSecret: AskSecret = (...request) => {
        vi.advanceTimersByTime(60 * 60_000);
        return secrets.ask(...request);
      };
      expect(await signIn(to, { askSecret })).toBe('a password');
    } finally {
      vi.useRealTimers();
    }
  });

  test('gets an error, and the prompt is withdrawn, when the server closes the connection', async () => {
    const to = await serve({ password: 'secret' });
    let promptSignal: AbortSignal | undefined;
    await expect(
      signIn(to, {
        askSecret: async (_request, signal) => {
          promptSignal = signal;
          to.cut();
          await once(signal, 'abort');
          return undefined;
        },
      }),
    ).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: expect.stringContaining('closed the connection before the password was entered'),
        fix: expect.stringContaining('LoginGraceTime'),
      },
    });
    expect(promptSignal?.aborted).toBe(true);
  });
});

describe('a sign-in on a long line', () => {
  test('does not wait until the server says that it signs in users', async () => {
    const to = await serve({ userKeys: [userKey], answersServiceRequest: false });
    const identity = await plainKey();
    expect(await signIn(to, { identity })).toBe(`the key file ${identity}`);
  });

  test('does not ask first whether the server accepts a key that signs at once', async () => {
    const to = await serve({ userKeys: [userKey] });
    await signIn(to, { identity: await plainKey() });
    expect(to.triedMethods).toEqual(['publickey']);
  });

  test('asks what the server accepts if the key is not, and it accepts no keys', async () => {
    const secrets = new FakeSecrets([['secret']]);
    const to = await serve({ password: 'secret', requiredMethods: ['password'] });
    expect(await signIn(to, { identity: await plainKey(), askSecret: secrets.ask })).toBe('a password');
    expect(to.triedMethods).toEqual(['publickey', 'none', 'password']);
  });

  test('asks in the end whether any sign-in is needed', async () => {
    const to = await serve({ userKeys: [makeKey()] });
    await expect(signIn(to, { identity: await plainKey() })).rejects.toThrow(/refused to sign in/);
    expect(to.triedMethods).toEqual(['publickey', 'none']);
  });
});
