import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ConnectOptions, connectClient } from '../connect.ts';
import { KnownHosts } from '../known-hosts.ts';
import { makeKey, type Round, type TestKey, TestServer, type TestServerOptions } from '../testing/server.ts';
import type { AskSecret, Wanted } from './credential.ts';

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

/** A person, or what is kept for them: what is asked, what is answered, and what becomes of it. */
class Giver {
  readonly asked: Wanted[] = [];
  readonly said: string[] = [];
  readonly #answers: (readonly string[] | undefined)[];
  readonly fromPerson: boolean;

  constructor(answers: readonly (readonly string[] | undefined)[], fromPerson = true) {
    this.#answers = [...answers];
    this.fromPerson = fromPerson;
  }

  readonly ask: AskSecret = async (wanted) => {
    this.asked.push(wanted);
    const secrets = this.#answers.shift();
    return (
      secrets && {
        secrets,
        fromPerson: this.fromPerson,
        proved: async (right) => void this.said.push(`${secrets.join()} is ${right ? 'right' : 'wrong'}`),
        over: async (signedIn) => void (signedIn && this.said.push(`${secrets.join()} may be kept`)),
      }
    );
  };
}

async function serve(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  server = await TestServer.start({ hostKeys: [hostKey], users: [], ...options });
  return server;
}

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
    onReached: (reached) => {
      by = reached.kind === 'signed-in' ? reached.by : by;
    },
    ...options,
  });
  clients.push(client);
  return by;
}

async function lockedKey(passphrase: string): Promise<{ readonly path: string; readonly key: TestKey }> {
  const path = join(folder, 'locked');
  const key = makeKey('ed25519', passphrase);
  await writeFile(path, key.text, { mode: 0o600 });
  return { path, key };
}

async function openKey(): Promise<string> {
  const path = join(folder, 'open');
  await writeFile(path, userKey.text, { mode: 0o600 });
  return path;
}

const code: Round = {
  title: 'Token',
  instructions: 'Press its button.\u001b[2J',
  prompts: [{ prompt: 'Code: ', echo: true }],
  answers: ['123456'],
};
const passwordRound: Round = { prompts: [{ prompt: 'Password: ', echo: false }], answers: ['secret'] };

describe('a password', () => {
  test('lets in, and may be kept only then', async () => {
    const giver = new Giver([['secret']]);
    expect(await signIn(await serve({ password: 'secret' }), { askSecret: giver.ask })).toBe('a password');
    expect(giver.asked).toMatchObject([{ kind: 'password', connection: 'pi4', user: 'kim', wasWrong: false }]);
    expect(giver.said).toEqual(['secret is right', 'secret may be kept']);
  });

  test('that is wrong is asked for again, three times in all', async () => {
    const to = await serve({ password: 'secret' });
    const giver = new Giver([['one'], ['two'], ['three'], ['secret']]);
    await expect(signIn(to, { askSecret: giver.ask })).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: `Node pi4: 127.0.0.1:${to.port} did not let user kim in. Tried: a password. It accepts publickey and password.`,
      },
    });
    expect(giver.asked.map(({ wasWrong }) => wasWrong)).toEqual([false, true, true]);
    expect(giver.said).toEqual(['one is wrong', 'two is wrong', 'three is wrong']);
  });

  test('that was kept does not count as one of the tries', async () => {
    const kept = new Giver([['old']], false);
    const person = new Giver([['one'], ['two'], ['secret']]);
    const to = await serve({ password: 'secret' });
    await signIn(to, { askSecret: (...wanted) => (kept.asked.length === 0 ? kept : person).ask(...wanted) });
    expect(kept.said).toEqual(['old is wrong']);
    expect(person.asked[0]?.wasWrong).toBe(true);
  });

  test('is not asked for where the server takes none, the configuration forbids it, or nobody can be asked', async () => {
    const giver = new Giver([]);
    const forbids = { publicKey: true, keyboardInteractive: true, password: false };
    const to = await serve();
    await expect(signIn(to, { askSecret: giver.ask })).rejects.toThrow(
      /There was nothing to try. It accepts publickey/,
    );
    await to.stop();
    const takes = await serve({ password: 'secret' });
    await expect(signIn(takes, { askSecret: giver.ask, allowed: forbids })).rejects.toThrow(/There was nothing to try/);
    await expect(signIn(takes)).rejects.toThrow(/There was nothing to try/);
    expect(giver.asked).toEqual([]);
  });

  test('that is refused ends the sign-in, and no other way is tried', async () => {
    const to = await serve({ password: 'secret', rounds: [code] });
    const giver = new Giver([undefined, ['secret']]);
    await expect(signIn(to, { askSecret: giver.ask })).rejects.toMatchObject({
      problem: { code: 'ssh.cancelled', message: expect.stringContaining('of kim on 127.0.0.1 was not given') },
    });
    expect(giver.asked).toHaveLength(1);
    expect(to.methods).toEqual(['none', 'keyboard-interactive']);
  });
});

describe('what a server asks', () => {
  test('is passed on as it says it, without what would act on a terminal, in as many rounds as it likes', async () => {
    const giver = new Giver([['secret'], ['123456']]);
    const by = await signIn(await serve({ rounds: [passwordRound, code] }), { askSecret: giver.ask });
    expect(by).toBe('answers to what it asked');
    expect(giver.asked).toMatchObject([
      { kind: 'prompts', prompts: [{ text: 'Password:', echo: false }], wasWrong: false },
      { title: 'Token', instructions: 'Press its button.', prompts: [{ text: 'Code:', echo: true }], wasWrong: false },
    ]);
  });

  test('is answered by itself where it asks nothing', async () => {
    const giver = new Giver([]);
    await signIn(await serve({ rounds: [{ prompts: [], answers: [] }] }), { askSecret: giver.ask });
    expect(giver.asked).toEqual([]);
  });

  test('is asked again after a wrong answer, and not by another way after three', async () => {
    const to = await serve({ rounds: [passwordRound], password: 'secret' });
    const giver = new Giver([['one'], ['two'], ['three'], ['secret']]);
    await expect(signIn(to, { askSecret: giver.ask })).rejects.toMatchObject({
      problem: { code: 'ssh.authentication' },
    });
    expect(giver.asked.map((wanted) => [wanted.kind, wanted.wasWrong])).toEqual([
      ['prompts', false],
      ['prompts', true],
      ['prompts', true],
    ]);
  });
});

describe('an encrypted key', () => {
  test('asks for its passphrase, again where it was wrong, and only when the server wants that key', async () => {
    const { path, key } = await lockedKey('open sesame');
    const giver = new Giver([['wrong'], ['open sesame']]);
    const by = await signIn(await serve({ users: [key] }), { identity: path, askSecret: giver.ask });
    expect(by).toBe(`the key file ${path}`);
    expect(giver.asked).toMatchObject([
      { kind: 'passphrase', path, wasWrong: false },
      { kind: 'passphrase', path, wasWrong: true },
    ]);
    expect(giver.said).toEqual(['wrong is wrong', 'open sesame is right', 'open sesame may be kept']);
    await server?.stop();
    await expect(signIn(await serve(), { identity: path, askSecret: giver.ask })).rejects.toThrow(/did not let/);
    expect(giver.asked).toHaveLength(2);
  });

  test('gives way to a password after three wrong passphrases', async () => {
    const { path, key } = await lockedKey('open sesame');
    const giver = new Giver([['1'], ['2'], ['3'], ['secret']]);
    const to = await serve({ users: [key], password: 'secret' });
    expect(await signIn(to, { identity: path, askSecret: giver.ask })).toBe('a password');
  });
});

describe('a server that wants two things', () => {
  test('gets a key and a password', async () => {
    const giver = new Giver([['secret']]);
    const to = await serve({ users: [userKey], password: 'secret', inOrder: ['publickey', 'password'] });
    await signIn(to, { identity: await openKey(), askSecret: giver.ask });
    expect(giver.said).toEqual(['secret is right', 'secret may be kept']);
  });

  test('gets a password and then a key, whatever the order of our ways', async () => {
    const giver = new Giver([['secret']]);
    const to = await serve({ users: [userKey], password: 'secret', inOrder: ['password', 'publickey'] });
    await signIn(to, { identity: await openKey(), askSecret: giver.ask });
    expect(giver.said).toEqual(['secret is right', 'secret may be kept']);
    expect(to.methods).toEqual(['none', 'password', 'publickey', 'publickey']);
  });

  test('gets a key and answers, and a right first one is not wrong because the second is', async () => {
    const { path, key } = await lockedKey('open sesame');
    const giver = new Giver([['open sesame'], ['1'], ['2'], ['3']]);
    const to = await serve({ users: [key], rounds: [code], inOrder: ['publickey', 'keyboard-interactive'] });
    await expect(signIn(to, { identity: path, askSecret: giver.ask })).rejects.toThrow(
      /It accepts keyboard-interactive/,
    );
    expect(giver.said).toEqual(['open sesame is right', '1 is wrong', '2 is wrong', '3 is wrong']);
  });
});

describe('a person', () => {
  test('takes longer than a sign-in may', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const giver = new Giver([['secret']]);
      const to = await serve({ password: 'secret' });
      const askSecret: AskSecret = (...wanted) => {
        vi.advanceTimersByTime(60 * 60_000);
        return giver.ask(...wanted);
      };
      expect(await signIn(to, { askSecret })).toBe('a password');
    } finally {
      vi.useRealTimers();
    }
  });

  test('is told when the server has not waited, and is asked no longer', async () => {
    const to = await serve({ password: 'secret' });
    let taken: AbortSignal | undefined;
    await expect(
      signIn(to, {
        askSecret: async (_wanted, signal) => {
          taken = signal;
          to.cut();
          await once(signal, 'abort');
          return undefined;
        },
      }),
    ).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: expect.stringContaining('closed the connection before the password was given'),
        fix: expect.stringContaining('LoginGraceTime'),
      },
    });
    expect(taken?.aborted).toBe(true);
  });
});
