import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Keychain } from '../electron/connections/credentials/secret-store.ts';
import { makeVault } from '../electron/connections/credentials/testing/vault.ts';
import type { AppEvent } from '../shared/contract.ts';
import type { NodeStatus } from '../shared/node.ts';
import type { Problem } from '../shared/problem.ts';
import type { Answer, Question } from '../shared/question.ts';
import { theLab } from './harness.ts';
import { type ExtraSshd, nodeShell, startExtraSshd } from './lab/lab.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { startSecurityKeyAgent } from './security-key-agent.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const lab = await theLab();
const { name: node, socket } = lab.node('amd-a');
const passphrase = 'a-rather-long-passphrase-7';
/** What the tests put on the node, so that nobody else's keys are touched. */
const keysOnNode = `/run/node/sign-in-${process.pid}`;
const passwords = ['PasswordAuthentication yes', 'PermitRootLogin yes'];
const onlyPassword = [...passwords, 'PubkeyAuthentication no'];
const ourKeys = `AuthorizedKeysFile ${keysOnNode}`;
const pamServices = ['auth', 'account', 'session', 'password'];

let folder: string;
let person: PersonAtApp;
const started: ExtraSshd[] = [];

beforeAll(async () => {
  // what Debian's libpam-runtime makes when it is configured, which the lab's root file systems never were
  const module = (service: string) => (service === 'auth' ? 'pam_unix.so' : 'pam_permit.so');
  const files = pamServices.map(
    (service) => `echo ${service} required ${module(service)} > /etc/pam.d/common-${service}`,
  );
  await nodeShell(node, files.join('; '));
});
afterAll(() =>
  nodeShell(
    node,
    `rm -f ${keysOnNode}; cd /etc/pam.d && rm -f ${pamServices.map((each) => `common-${each}`).join(' ')}`,
  ),
);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sign-in-'));
  person = new PersonAtApp(folder);
});
afterEach(async () => {
  await person.leave();
  await Promise.all(started.splice(0).map((sshd) => sshd.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** A person with a data folder of their own, at the core of the app: what is asked, and what they answer. */
class PersonAtApp {
  readonly home: string;
  readonly events: AppEvent[] = [];
  /** The questions so far, but those about host keys. */
  readonly asked: Question[] = [];
  readonly env: Record<string, string>;
  /** What is answered, in order, or `never`; where there is no more, it is refused. Host keys are trusted. */
  answers: (Answer | 'never')[] = [];
  #app: App | undefined;

  constructor(inFolder: string) {
    this.home = join(inFolder, 'home');
    this.env = {
      SSH_AUTH_SOCK: '',
      BARNRAISER_HOME: this.home,
      BARNRAISER_KNOWN_HOSTS: join(inFolder, 'known_hosts'),
      BARNRAISER_SSH_CONFIG: 'none',
    };
  }

  async app(vault?: Keychain): Promise<App> {
    if (!this.#app) {
      Object.assign(process.env, this.env);
      const app = await createApp({ frontEnd: 'desktop', home: this.home, ...(vault ? { vault } : {}) });
      app.subscribe((event) => {
        this.events.push(event);
        if (event.event === 'question.asked') {
          const { question } = event;
          if (question.kind !== 'host-key') {
            this.asked.push(question);
          }
          const answer = question.kind === 'host-key' ? 'trust' : (this.answers.shift() ?? 'refuse');
          if (answer !== 'never') {
            void app.call('questions.answer', { id: question.id, answer });
          }
        }
      });
      this.#app = app;
    }
    return this.#app;
  }

  async leave(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }

  async connect(name: string, uri: string, identity?: string): Promise<void> {
    const app = await this.app();
    const added = await app.call('connections.add', { name, uri, ...(identity ? { identity } : {}) });
    expect(added).toMatchObject({ ok: true });
  }

  async probe(name: string): Promise<NodeStatus> {
    const probed = await (await this.app()).call('nodes.probe', { connections: [name] });
    if (!probed.ok || !probed.value[0]) {
      throw new Error('nothing was probed', { cause: probed });
    }
    return probed.value[0];
  }

  async isUp(name: string): Promise<void> {
    expect(await this.probe(name)).toMatchObject({ state: 'up' });
  }

  async problemOf(name: string): Promise<Problem> {
    const status = await this.probe(name);
    if (status.state !== 'down') {
      throw new Error('it is up');
    }
    return status.problem;
  }

  /** Signs out, so that the next probe signs in anew. */
  async drop(name: string): Promise<void> {
    const uri = (await this.#connections()).find((each) => each.name === name)?.uri;
    await (await this.app()).call('connections.update', { name, ...(uri ? { uri } : {}) });
  }

  async #connections() {
    const listed = await (await this.app()).call('connections.list', {});
    return listed.ok ? listed.value : [];
  }
}

function secret(...secrets: string[]): Answer {
  return { secrets, remember: false };
}

async function serve(...config: string[]): Promise<ExtraSshd> {
  const sshd = await startExtraSshd(node, { config });
  started.push(sshd);
  return sshd;
}

function uriOf({ port }: ExtraSshd, user = 'root'): string {
  return `ssh://${user}@127.0.0.1:${port}${socket}`;
}

/** Lets in whoever has one of these keys, on servers with {@link ourKeys}. */
async function authorise(...lines: string[]): Promise<void> {
  await nodeShell(node, `cat > ${keysOnNode}`, { input: `${lines.join('\n')}\n` });
}

/** A key file that ssh-keygen made, which the node lets in. */
async function makeKey(type: string, secretText: string, name = 'id'): Promise<string> {
  const path = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', type, '-N', secretText, '-f', path]);
  await authorise(await readFile(`${path}.pub`, 'utf8'));
  return path;
}

describe('with a password', () => {
  test('a node is reached, after a wrong one too, and comes back without asking', async () => {
    const sshd = await serve(...onlyPassword);
    await person.connect('a', uriOf(sshd));
    person.answers = [secret('wrong'), secret(sshd.password)];
    await person.isUp('a');
    const account = { kind: 'password', user: 'root', host: '127.0.0.1', port: sshd.port };
    expect(person.asked).toMatchObject([
      { ...account, wasWrong: false },
      { ...account, wasWrong: true },
    ]);
    await person.drop('a');
    await person.isUp('a');
    expect(person.asked).toHaveLength(2);
    await expectNowhere(sshd.password);
  });

  test('that is refused, nothing else is tried, and the person is told the way without being asked', async () => {
    await person.connect('a', uriOf(await serve(...onlyPassword)));
    const problem = await person.problemOf('a');
    expect(problem).toMatchObject({ code: 'ssh.cancelled', fix: expect.stringContaining('ssh-copy-id') });
    expect(person.asked).toHaveLength(1);
  });

  test('that is never right, or of a wrong user, it says who was not let in', async () => {
    const sshd = await serve(...onlyPassword, 'MaxAuthTries 20');
    await person.connect('a', uriOf(sshd, 'nobody-here'));
    person.answers = [secret('1'), secret('2'), secret(sshd.password), secret('4')];
    const problem = await person.problemOf('a');
    expect(problem).toMatchObject({
      code: 'ssh.authentication',
      message: `Node a: 127.0.0.1:${sshd.port} did not let user nobody-here in. Tried: a password. It accepts password.`,
      fix: expect.stringContaining('nobody-here is the right user'),
    });
    expect(person.asked).toHaveLength(3);
  });

  test('a server that does not wait for it is told of, and the question is taken back', async () => {
    await person.connect('a', uriOf(await serve(...onlyPassword, 'LoginGraceTime 2')));
    person.answers = ['never'];
    expect(await person.problemOf('a')).toMatchObject({
      code: 'ssh.authentication',
      message: expect.stringContaining('closed the connection before the password was given'),
    });
    expect(await (await person.app()).call('questions.list', {})).toEqual({ ok: true, value: [] });
  });
});

describe('what a server asks', () => {
  test('is passed on, and a wrong answer is asked for anew', async () => {
    const sshd = await serve(
      'UsePAM yes',
      'KbdInteractiveAuthentication yes',
      'PermitRootLogin yes',
      'PubkeyAuthentication no',
    );
    await person.connect('a', uriOf(sshd));
    person.answers = [secret('wrong'), secret(sshd.password)];
    await person.isUp('a');
    expect(person.asked).toMatchObject([
      { kind: 'prompts', user: 'root', prompts: [{ text: 'Password:', echo: false }], wasWrong: false },
      { kind: 'prompts', prompts: [{ text: 'Password:', echo: false }], wasWrong: true },
    ]);
    await expectNowhere(sshd.password);
  });
});

describe('a server that wants two things', () => {
  test.each([
    ['a key and a password', 'publickey,password', ['UsePAM no']],
    ['a key and answers', 'publickey,keyboard-interactive', ['UsePAM yes', 'KbdInteractiveAuthentication yes']],
    ['a password and a key', 'password,publickey', ['UsePAM no']],
  ])('gets %s', async (_name, methods, more) => {
    const identity = await makeKey('ed25519', passphrase);
    const sshd = await serve(...passwords, ourKeys, `AuthenticationMethods ${methods}`, ...more);
    await person.connect('a', uriOf(sshd), identity);
    const given = {
      publickey: secret(passphrase),
      password: secret(sshd.password),
      'keyboard-interactive': secret(sshd.password),
    };
    person.answers = methods
      .split(',')
      .map((method) => Object.entries(given).find(([name]) => name === method)?.[1] ?? 'refuse');
    await person.isUp('a');
  });
});

describe('with a key', () => {
  test('that is encrypted, its passphrase is asked for until it is right', async () => {
    const identity = await makeKey('ed25519', passphrase);
    await person.connect('a', uriOf(await serve(ourKeys)), identity);
    person.answers = [secret('wrong'), secret(passphrase)];
    await person.isUp('a');
    expect(person.asked).toMatchObject([
      { kind: 'passphrase', path: identity, wasWrong: false },
      { kind: 'passphrase', path: identity, wasWrong: true },
    ]);
    await expectNowhere(passphrase);
  });

  test('that a server does not want, no passphrase is asked for', async () => {
    const identity = await makeKey('ed25519', passphrase);
    await authorise('# nobody');
    const sshd = await serve(ourKeys);
    await person.connect('a', uriOf(sshd), identity);
    expect(await person.problemOf('a')).toMatchObject({
      code: 'ssh.authentication',
      message: `Node a: 127.0.0.1:${sshd.port} did not let user root in. Tried: the key file ${identity}. It accepts publickey.`,
      fix: expect.stringContaining(`ssh-copy-id -p ${sshd.port} root@127.0.0.1`),
    });
    expect(person.asked).toEqual([]);
  });

  test('that several nodes want at once, a person is asked once', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const sshds = await Promise.all([serve(ourKeys), serve(ourKeys), serve(ourKeys)]);
    const names = ['a', 'b', 'c'];
    for (const [index, name] of names.entries()) {
      await person.connect(name, uriOf(sshds[index] ?? (await serve(ourKeys))), identity);
    }
    person.answers = [secret(passphrase)];
    const probed = await (await person.app()).call('nodes.probe', { connections: names });
    expect(probed).toMatchObject({ ok: true, value: [{ state: 'up' }, { state: 'up' }, { state: 'up' }] });
    expect(person.asked).toHaveLength(1);
  });

  test.each([
    ['PuTTY, version 2', 'ed25519', 2],
    ['PuTTY, version 3', 'ed25519', 3],
    ['PuTTY, version 3', 'ecdsa', 3],
    ['PuTTY, version 3', 'rsa', 3],
  ])('of %s (%s)', async (_name, type, version) => {
    const identity = join(folder, 'id.ppk');
    await writeFile(join(folder, 'passphrase'), passphrase);
    const made = ['-t', type, '--ppk-param', `version=${version}`, '--new-passphrase', join(folder, 'passphrase')];
    await run('puttygen', [...made, '-q', '-o', identity]);
    await authorise((await run('puttygen', ['-L', identity])).stdout);
    await rm(join(folder, 'passphrase'));
    await person.connect('a', uriOf(await serve(ourKeys)), identity);
    person.answers = [secret(passphrase)];
    await person.isUp('a');
  });

  test('of an agent, although its file is encrypted, nobody is asked', async () => {
    const identity = await makeKey('ed25519', '');
    const agentSocket = join(folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      // it says where it listens once it does
      await once(agent.stdout, 'data');
      await run('ssh-add', ['-q', identity], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket } });
      await run('ssh-keygen', ['-q', '-p', '-N', passphrase, '-f', identity]);
      person.env.SSH_AUTH_SOCK = agentSocket;
      await person.connect('a', uriOf(await serve(ourKeys)), identity);
      await person.isUp('a');
      expect(person.asked).toEqual([]);
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
  });

  test.each(['ed25519', 'ecdsa'] as const)('of a security key (%s) that an agent holds', async (kind) => {
    const agent = await startSecurityKeyAgent(join(folder, 'agent'), kind);
    try {
      await authorise(agent.publicLine);
      person.env.SSH_AUTH_SOCK = agent.socket;
      await person.connect('a', uriOf(await serve(ourKeys)));
      await person.isUp('a');
      // and where a file names it
      await writeFile(join(folder, 'id_sk.pub'), agent.publicLine);
      await person.connect('b', uriOf(await serve(ourKeys)), join(folder, 'id_sk.pub'));
      await person.isUp('b');
    } finally {
      await person.leave();
      await agent.stop();
    }
  });
});

describe('behind three jump hosts', () => {
  test('each of which asks for something else, a node is reached', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const [one, two, three, goal] = await Promise.all([
      serve(...onlyPassword),
      serve('UsePAM yes', 'KbdInteractiveAuthentication yes', 'PermitRootLogin yes', 'PubkeyAuthentication no'),
      serve(ourKeys),
      serve(...passwords, ourKeys, 'AuthenticationMethods publickey,password'),
    ]);
    const config = join(folder, 'config');
    await writeFile(
      config,
      `Host *
        HostName 127.0.0.1
        User root
        IdentityFile ${identity}
      Host one
        Port ${one.port}
      Host two
        Port ${two.port}
        ProxyJump one
      Host three
        Port ${three.port}
        ProxyJump two
      Host goal
        Port ${goal.port}
        ProxyJump three
      Host *
        HashKnownHosts yes
      `,
    );
    person.env.BARNRAISER_SSH_CONFIG = config;
    await person.connect('far', `ssh://goal${socket}`);
    const { password } = one;
    person.answers = [secret(password), secret(password), secret(passphrase), secret(password)];
    await person.isUp('far');
    expect(person.asked.map(({ kind, connection }) => `${connection}: ${kind}`)).toEqual([
      'far: jump host one: password',
      'far: jump host two: prompts',
      'far: jump host three: passphrase',
      'far: password',
    ]);
    // the names are hashed where the keys are saved, as the configuration wants it, and are known the next time
    const saved = await readFile(join(folder, 'known_hosts'), 'utf8');
    expect(saved.trim().split('\n')).toHaveLength(4);
    expect(saved).not.toContain('127.0.0.1');
    const found = await run('ssh-keygen', ['-F', `[127.0.0.1]:${two.port}`, '-f', join(folder, 'known_hosts')]);
    expect(found.stdout).toContain('ssh-ed25519');
    const questions = () => person.events.filter(({ event }) => event === 'question.asked').length;
    const before = questions();
    await person.drop('far');
    await person.isUp('far');
    expect(questions()).toBe(before);
    await expectNowhere(password);
    await expectNowhere(passphrase);
  });
});

describe('a host key', () => {
  test('that has changed blocks before anything is asked, shows both, and says how to go on', async () => {
    const sshd = await serve(...onlyPassword);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    const [type, key] = (await readFile(join(folder, 'other.pub'), 'utf8')).split(' ');
    const file = join(folder, 'known_hosts');
    await writeFile(file, `[127.0.0.1]:${sshd.port} ${type} ${key}\n`);
    await run('ssh-keygen', ['-H', '-f', file]);
    await rm(`${file}.old`);
    await person.connect('a', uriOf(sshd));
    const { stdout: old } = await run('ssh-keygen', ['-lf', join(folder, 'other.pub')]);
    const { stdout: shown } = await run('ssh-keygen', ['-lf', sshd.knownHosts]);
    const problem = await person.problemOf('a');
    expect(problem.code).toBe('ssh.host-key-changed');
    expect(problem.message).toContain(old.split(' ')[1]);
    expect(problem.message).toContain(shown.split(' ')[1]);
    expect(person.events.some(({ event }) => event === 'question.asked')).toBe(false);
    // what is said to do works
    const [, command = ''] = /`(ssh-keygen -R [^`]*)`/.exec(problem.fix) ?? [];
    await run('sh', ['-c', command]);
    person.answers = [secret(sshd.password)];
    await person.isUp('a');
  });

  test('of a host that a certificate authority vouches for is asked about, with that said', async () => {
    const sshd = await serve(...onlyPassword);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'ca')]);
    const ca = await readFile(join(folder, 'ca.pub'), 'utf8');
    await writeFile(join(folder, 'known_hosts'), `@cert-authority * ${ca}`);
    await person.connect('a', uriOf(sshd));
    person.answers = [secret(sshd.password)];
    await person.isUp('a');
    expect(person.events).toContainEqual(
      expect.objectContaining({
        event: 'question.asked',
        question: expect.objectContaining({
          kind: 'host-key',
          notes: [expect.stringContaining(`${join(folder, 'known_hosts')}:1 has a certificate authority`)],
        }),
      }),
    );
  });
});

describe('what is remembered', () => {
  test('is kept encrypted, used by the next run of the app, and forgotten when it is wrong or no longer wanted', async () => {
    const vault = makeVault();
    const identity = await makeKey('ed25519', passphrase);
    const byPassword = await serve(...onlyPassword);
    const app = await person.app(vault);
    await person.connect('a', uriOf(byPassword));
    await person.connect('b', uriOf(await serve(ourKeys)), identity);
    person.answers = [{ secrets: [byPassword.password], remember: true }];
    await person.isUp('a');
    person.answers = [{ secrets: [passphrase], remember: true }];
    await person.isUp('b');
    expect(person.asked).toMatchObject([{ remember: { possible: true } }, { remember: { possible: true } }]);
    const subjects = [
      { id: expect.any(String), kind: 'password', subject: `root@127.0.0.1:${byPassword.port}` },
      { id: expect.any(String), kind: 'passphrase', subject: identity },
    ];
    expect(await app.call('secrets.list', {})).toEqual({ ok: true, value: subjects });
    await expectNowhere(byPassword.password);
    await expectNowhere(passphrase);

    await person.leave();
    const again = await person.app(vault);
    await person.isUp('a');
    await person.isUp('b');
    expect(person.asked).toHaveLength(2);

    // the passphrase is changed, so what is remembered is wrong
    await run('ssh-keygen', ['-q', '-p', '-P', passphrase, '-N', 'another', '-f', identity]);
    await person.drop('b');
    person.answers = [secret('another')];
    await person.isUp('b');
    expect(person.asked[2]).toMatchObject({ kind: 'passphrase', wasWrong: true });
    const left = await again.call('secrets.list', {});
    expect(left).toEqual({ ok: true, value: subjects.slice(0, 1) });
    const [first] = left.ok ? left.value : [];
    await again.call('secrets.forget', { id: first?.id ?? '' });
    expect(await again.call('secrets.list', {})).toEqual({ ok: true, value: [] });
    await person.drop('a');
    person.answers = [secret(byPassword.password)];
    await person.isUp('a');
    expect(person.asked[3]).toMatchObject({ kind: 'password', wasWrong: false });
  });

  test('is nothing before the sign-in has succeeded, nor where there is no keychain', async () => {
    const sshd = await serve(...passwords, 'AuthenticationMethods password,publickey', 'AuthorizedKeysFile none');
    const app = await person.app(makeVault());
    await person.connect('a', uriOf(sshd));
    person.answers = [{ secrets: [sshd.password], remember: true }];
    expect(await person.problemOf('a')).toMatchObject({ code: 'ssh.authentication' });
    expect(await app.call('secrets.list', {})).toEqual({ ok: true, value: [] });
    await person.leave();

    const without = await person.app();
    await person.connect('b', uriOf(await serve(...onlyPassword)));
    person.answers = [];
    await person.problemOf('b');
    expect(person.asked.at(-1)).toMatchObject({
      remember: { possible: false, reason: expect.stringContaining('keychain') },
    });
    expect(await without.call('secrets.list', {})).toEqual({ ok: true, value: [] });
  });
});

describe.skipIf(!existsSync('/usr/bin/script'))('at a terminal', () => {
  function barnraiser(...args: string[]): PseudoTerminal {
    return new PseudoTerminal([process.execPath, '--import', 'tsx', join(root, 'electron', 'cli.ts'), ...args], {
      cwd: root,
      env: { ...process.env, ...person.env },
    });
  }

  test('a password and a passphrase are asked for in the words of ssh, and never shown', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const sshd = await serve(...passwords, ourKeys, 'AuthenticationMethods publickey,password');
    await person.connect('a', uriOf(sshd), identity);
    await person.leave();
    const terminal = barnraiser('connection', 'test', 'a');
    await terminal.sees('(yes/no/once)? ');
    terminal.types('yes\n');
    await terminal.sees(`Enter passphrase for key '${identity}': `);
    terminal.types('wrong\n');
    await terminal.sees(`Enter passphrase for key '${identity}': `);
    terminal.types(`${passphrase}\n`);
    await terminal.sees("root@127.0.0.1's password: ");
    terminal.types('wrong\n');
    await terminal.sees('Permission denied, please try again.');
    await terminal.sees("root@127.0.0.1's password: ");
    terminal.types(`${sshd.password}\n`);
    expect(await terminal.ends(), terminal.screen).toBe(0);
    for (const hidden of [sshd.password, passphrase, 'wrong']) {
      expect(terminal.screen).not.toContain(hidden);
    }
    await expectNowhere(sshd.password);
    await expectNowhere(passphrase);
  });

  test('Ctrl+C at a password gives up', async () => {
    await person.connect('a', uriOf(await serve(...onlyPassword)));
    await person.leave();
    const terminal = barnraiser('connection', 'test', 'a', '--accept-new-host-keys');
    await terminal.sees("root@127.0.0.1's password: ");
    terminal.types('\u0003');
    expect(await terminal.ends()).not.toBe(0);
    expect(terminal.screen).toContain('was not given');
  });

  test('without one, nothing is asked, and the way out is said', async () => {
    const sshd = await serve(...onlyPassword);
    await person.connect('a', uriOf(sshd));
    await person.leave();
    const cli = [join(root, 'electron', 'cli.ts'), 'connection', 'test', 'a', '--accept-new-host-keys'];
    const outcome = await run(process.execPath, ['--import', 'tsx', ...cli], {
      cwd: root,
      env: { ...process.env, ...person.env },
    }).catch((error: { code: number; stderr: string; stdout: string }) => error);
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.stdout + outcome.stderr).toContain(`ssh-copy-id -p ${sshd.port} root@127.0.0.1`);
  });
});

/** Neither what the app has told nor what it keeps holds the secret. */
async function expectNowhere(text: string): Promise<void> {
  expect(JSON.stringify(person.events)).not.toContain(text);
  const entries = await readdir(person.home, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const entry of files) {
    expect((await readFile(join(entry.parentPath, entry.name))).includes(text), entry.name).toBe(false);
  }
}
