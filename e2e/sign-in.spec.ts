/** Sign-in to real sshd servers with all authentication methods, and the questions that the app asks. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Keychain } from '../electron/connections/credentials/credential-store.ts';
import { makeKeychain } from '../electron/connections/credentials/testing/keychain.ts';
import type { AppEvent } from '../shared/contract.ts';
import type { NodeStatus } from '../shared/node.ts';
import type { Problem } from '../shared/problem.ts';
import { type Answer, type Question, questionSourceName } from '../shared/question.ts';
import { setUpLab } from './harness.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';
import { startSecurityKeyAgent } from './security-key-agent.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const lab = await setUpLab();
const { name: node, socket } = lab.node('amd-a');
const passphrase = 'a-rather-long-passphrase-7';
/** A separate authorized_keys file on the node, so that other tests' keys are not changed. */
const keysOnNode = `/run/node/sign-in-${process.pid}`;
const passwords = ['PasswordAuthentication yes', 'PermitRootLogin yes'];
const onlyPassword = [...passwords, 'PubkeyAuthentication no'];
const testKeys = `AuthorizedKeysFile ${keysOnNode}`;
const pamServices = ['auth', 'account', 'session', 'password'];

let folder: string;
let person: AppUser;
const sshds: ExtraSshd[] = [];

beforeAll(async () => {
  // The configuration scripts of packages do not run in the lab's root file systems; this replaces that of libpam-runtime.
  const module = (service: string) => (service === 'auth' ? 'pam_unix.so' : 'pam_permit.so');
  const files = pamServices.map(
    (service) => `echo ${service} required ${module(service)} > /etc/pam.d/common-${service}`,
  );
  await runOnNode(node, files.join('; '));
});
afterAll(() =>
  runOnNode(
    node,
    `rm -f ${keysOnNode}; cd /etc/pam.d && rm -f ${pamServices.map((each) => `common-${each}`).join(' ')}`,
  ),
);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sign-in-'));
  person = new AppUser(folder);
});
afterEach(async () => {
  await person.close();
  await Promise.all(sshds.splice(0).map((sshd) => sshd.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** A user with a separate data folder, who answers questions of the app. */
class AppUser {
  readonly home: string;
  readonly events: AppEvent[] = [];
  /** The questions so far, except those about host keys. */
  readonly questions: Question[] = [];
  readonly env: Record<string, string>;
  /** The answers to the next questions, or `never` for no answer. Without an answer, a question is refused. Host keys are trusted. */
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

  async app(keychain?: Keychain): Promise<App> {
    if (!this.#app) {
      Object.assign(process.env, this.env);
      const app = await createApp({ frontEnd: 'desktop', home: this.home, ...(keychain ? { keychain } : {}) });
      app.subscribe((event) => {
        this.events.push(event);
        if (event.event === 'question.asked') {
          const { question } = event;
          if (question.kind !== 'host-key') {
            this.questions.push(question);
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

  async close(): Promise<void> {
    await this.#app?.close();
    this.#app = undefined;
  }

  async addConnection(name: string, uri: string, identity?: string): Promise<void> {
    const app = await this.app();
    const added = await app.call('connections.add', { name, uri, ...(identity ? { identity } : {}) });
    expect(added).toMatchObject({ ok: true });
  }

  async probe(name: string): Promise<NodeStatus> {
    const probed = await (await this.app()).call('nodes.probe', { connections: [name] });
    if (!probed.ok || !probed.value[0]) {
      throw new Error('No node was probed.', { cause: probed });
    }
    return probed.value[0];
  }

  async expectUp(name: string): Promise<void> {
    expect(await this.probe(name)).toMatchObject({ state: 'up' });
  }

  async probeProblem(name: string): Promise<Problem> {
    const status = await this.probe(name);
    if (status.state !== 'down') {
      throw new Error('The node is up.');
    }
    return status.problem;
  }

  /** Closes the connection, so that the next probe signs in again. */
  async signOut(name: string): Promise<void> {
    const uri = (await this.#connections()).find((each) => each.name === name)?.uri;
    // a change of the URI closes the session
    for (const next of ['ssh://root@127.0.0.1:1', uri]) {
      await (await this.app()).call('connections.update', { name, ...(next ? { uri: next } : {}) });
    }
  }

  async #connections() {
    const listed = await (await this.app()).call('connections.list', {});
    return listed.ok ? listed.value : [];
  }
}

function secret(...secrets: string[]): Answer {
  return { secrets, remember: false };
}

async function startSshd(...config: string[]): Promise<ExtraSshd> {
  const sshd = await startExtraSshd(node, { config });
  sshds.push(sshd);
  return sshd;
}

function uriOf({ port }: ExtraSshd, user = 'root'): string {
  return `ssh://${user}@127.0.0.1:${port}${socket}`;
}

/** Authorizes keys on servers with {@link testKeys}, instead of those before. */
async function authorize(...lines: string[]): Promise<void> {
  await runOnNode(node, `cat > ${keysOnNode}`, { input: `${lines.join('\n')}\n` });
}

/** Creates a key with ssh-keygen and authorizes it. */
async function makeKey(type: string, keyPassphrase: string, name = 'id'): Promise<string> {
  const path = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', type, '-N', keyPassphrase, '-f', path]);
  await authorize(await readFile(`${path}.pub`, 'utf8'));
  return path;
}

describe('password authentication', () => {
  test('succeeds after a wrong password, and reconnects without asking', async () => {
    const sshd = await startSshd(...onlyPassword);
    await person.addConnection('a', uriOf(sshd));
    person.answers = [secret('wrong'), secret(sshd.password)];
    await person.expectUp('a');
    const account = { kind: 'password', user: 'root', host: '127.0.0.1', port: sshd.port };
    expect(person.questions).toMatchObject([
      { ...account, wasWrong: false },
      { ...account, wasWrong: true },
    ]);
    await person.signOut('a');
    await person.expectUp('a');
    expect(person.questions).toHaveLength(2);
    await expectNotKept(sshd.password);
  });

  test('is cancelled when the question is refused, and the problem suggests a key', async () => {
    await person.addConnection('a', uriOf(await startSshd(...onlyPassword)));
    const problem = await person.probeProblem('a');
    expect(problem).toMatchObject({ code: 'ssh.cancelled', fix: expect.stringContaining('ssh-copy-id') });
    expect(person.questions).toHaveLength(1);
  });

  test('fails after three wrong passwords, and the problem names the user', async () => {
    const sshd = await startSshd(...onlyPassword, 'MaxAuthTries 20');
    await person.addConnection('a', uriOf(sshd, 'no-such-user'));
    person.answers = [secret('1'), secret('2'), secret(sshd.password), secret('4')];
    const problem = await person.probeProblem('a');
    expect(problem).toMatchObject({
      code: 'ssh.authentication',
      message: `Node a: 127.0.0.1:${sshd.port} refused to sign in user no-such-user. Tried: a password. The server accepts password.`,
      fix: expect.stringContaining('no-such-user is the right user'),
    });
    expect(person.questions).toHaveLength(3);
  });

  test('fails when the server closes the connection before the answer, and the question is closed', async () => {
    await person.addConnection('a', uriOf(await startSshd(...onlyPassword, 'LoginGraceTime 2')));
    person.answers = ['never'];
    expect(await person.probeProblem('a')).toMatchObject({
      code: 'ssh.authentication',
      message: expect.stringContaining('closed the connection before the password was entered'),
    });
    expect(await (await person.app()).call('questions.list', {})).toMatchObject({ ok: true, value: [] });
  });
});

describe('keyboard-interactive authentication', () => {
  test("asks the server's prompts, and asks again after a wrong answer", async () => {
    const sshd = await startSshd(
      'UsePAM yes',
      'KbdInteractiveAuthentication yes',
      'PermitRootLogin yes',
      'PubkeyAuthentication no',
    );
    await person.addConnection('a', uriOf(sshd));
    person.answers = [secret('wrong'), secret(sshd.password)];
    await person.expectUp('a');
    expect(person.questions).toMatchObject([
      { kind: 'prompts', user: 'root', prompts: [{ text: 'Password:', echo: false }], wasWrong: false },
      { kind: 'prompts', prompts: [{ text: 'Password:', echo: false }], wasWrong: true },
    ]);
    await expectNotKept(sshd.password);
  });
});

describe('a server that requires two methods', () => {
  test.each([
    ['a key and a password', 'publickey,password', ['UsePAM no']],
    ['a key and answers', 'publickey,keyboard-interactive', ['UsePAM yes', 'KbdInteractiveAuthentication yes']],
    ['a password and a key', 'password,publickey', ['UsePAM no']],
  ])('receives %s', async (_name, methods, more) => {
    const identity = await makeKey('ed25519', passphrase);
    const sshd = await startSshd(...passwords, testKeys, `AuthenticationMethods ${methods}`, ...more);
    await person.addConnection('a', uriOf(sshd), identity);
    const answers = {
      publickey: secret(passphrase),
      password: secret(sshd.password),
      'keyboard-interactive': secret(sshd.password),
    };
    person.answers = methods
      .split(',')
      .map((method) => Object.entries(answers).find(([name]) => name === method)?.[1] ?? 'refuse');
    await person.expectUp('a');
  });
});

describe('public key authentication', () => {
  test('asks for the passphrase of an encrypted key until it is right', async () => {
    const identity = await makeKey('ed25519', passphrase);
    await person.addConnection('a', uriOf(await startSshd(testKeys)), identity);
    person.answers = [secret('wrong'), secret(passphrase)];
    await person.expectUp('a');
    expect(person.questions).toMatchObject([
      { kind: 'passphrase', path: identity, wasWrong: false },
      { kind: 'passphrase', path: identity, wasWrong: true },
    ]);
    await expectNotKept(passphrase);
  });

  test('does not ask for the passphrase of a key that the server refuses', async () => {
    const identity = await makeKey('ed25519', passphrase);
    await authorize('# no keys');
    const sshd = await startSshd(testKeys);
    await person.addConnection('a', uriOf(sshd), identity);
    expect(await person.probeProblem('a')).toMatchObject({
      code: 'ssh.authentication',
      message: `Node a: 127.0.0.1:${sshd.port} refused to sign in user root. Tried: the key file ${identity}. The server accepts publickey.`,
      fix: expect.stringContaining(`ssh-copy-id -p ${sshd.port} root@127.0.0.1`),
    });
    expect(person.questions).toEqual([]);
  });

  test('asks once for a passphrase that several nodes need at the same time', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const sshds = await Promise.all([startSshd(testKeys), startSshd(testKeys), startSshd(testKeys)]);
    const names = ['a', 'b', 'c'];
    for (const [index, name] of names.entries()) {
      await person.addConnection(name, uriOf(sshds[index] ?? (await startSshd(testKeys))), identity);
    }
    person.answers = [secret(passphrase)];
    const probed = await (await person.app()).call('nodes.probe', { connections: names });
    expect(probed).toMatchObject({ ok: true, value: [{ state: 'up' }, { state: 'up' }, { state: 'up' }] });
    expect(person.questions).toHaveLength(1);
  });

  test.each([
    ['PuTTY, version 2', 'ed25519', 2],
    ['PuTTY, version 3', 'ed25519', 3],
    ['PuTTY, version 3', 'ecdsa', 3],
    ['PuTTY, version 3', 'rsa', 3],
  ])('works with a key of %s (%s)', async (_name, type, version) => {
    const identity = join(folder, 'id.ppk');
    await writeFile(join(folder, 'passphrase'), passphrase);
    const options = ['-t', type, '--ppk-param', `version=${version}`, '--new-passphrase', join(folder, 'passphrase')];
    await run('puttygen', [...options, '-q', '-o', identity]);
    await authorize((await run('puttygen', ['-L', identity])).stdout);
    await rm(join(folder, 'passphrase'));
    await person.addConnection('a', uriOf(await startSshd(testKeys)), identity);
    person.answers = [secret(passphrase)];
    await person.expectUp('a');
  });

  test('does not ask for the passphrase of an encrypted file whose key is in the agent', async () => {
    const identity = await makeKey('ed25519', '');
    const agentSocket = join(folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      // ssh-agent prints its socket when it listens
      await once(agent.stdout, 'data');
      await run('ssh-add', ['-q', identity], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket } });
      await run('ssh-keygen', ['-q', '-p', '-N', passphrase, '-f', identity]);
      person.env.SSH_AUTH_SOCK = agentSocket;
      await person.addConnection('a', uriOf(await startSshd(testKeys)), identity);
      await person.expectUp('a');
      expect(person.questions).toEqual([]);
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
  });

  test.each(['ed25519', 'ecdsa'] as const)('works with a security key (%s) in the agent', async (kind) => {
    const agent = await startSecurityKeyAgent(join(folder, 'agent'), kind);
    try {
      await authorize(agent.publicLine);
      person.env.SSH_AUTH_SOCK = agent.socket;
      await person.addConnection('a', uriOf(await startSshd(testKeys)));
      await person.expectUp('a');
      // the identity can also be a file with the public key
      await writeFile(join(folder, 'id_sk.pub'), agent.publicLine);
      await person.addConnection('b', uriOf(await startSshd(testKeys)), join(folder, 'id_sk.pub'));
      await person.expectUp('b');
    } finally {
      await person.close();
      await agent.stop();
    }
  });
});

describe('a node behind three jump hosts', () => {
  test('is reached, although each host requires a different method', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const [one, two, three, goal] = await Promise.all([
      startSshd(...onlyPassword),
      startSshd('UsePAM yes', 'KbdInteractiveAuthentication yes', 'PermitRootLogin yes', 'PubkeyAuthentication no'),
      startSshd(testKeys),
      startSshd(...passwords, testKeys, 'AuthenticationMethods publickey,password'),
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
    await person.addConnection('far', `ssh://goal${socket}`);
    const { password } = one;
    person.answers = [secret(password), secret(password), secret(passphrase), secret(password)];
    await person.expectUp('far');
    expect(person.questions.map((question) => `${questionSourceName(question)}: ${question.kind}`)).toEqual([
      'far: jump host one: password',
      'far: jump host two: prompts',
      'far: jump host three: passphrase',
      'far: password',
    ]);
    // the saved host names are hashed, as HashKnownHosts requires, and are recognised the next time
    const saved = await readFile(join(folder, 'known_hosts'), 'utf8');
    expect(saved.trim().split('\n')).toHaveLength(4);
    expect(saved).not.toContain('127.0.0.1');
    const entry = await run('ssh-keygen', ['-F', `[127.0.0.1]:${two.port}`, '-f', join(folder, 'known_hosts')]);
    expect(entry.stdout).toContain('ssh-ed25519');
    const countQuestions = () => person.events.filter(({ event }) => event === 'question.asked').length;
    const before = countQuestions();
    await person.signOut('far');
    await person.expectUp('far');
    expect(countQuestions()).toBe(before);
    await expectNotKept(password);
    await expectNotKept(passphrase);
  });
});

describe('a host key', () => {
  test('that has changed fails the sign-in without a question, and the problem shows both keys and a fix', async () => {
    const sshd = await startSshd(...onlyPassword);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'other')]);
    const [type, key] = (await readFile(join(folder, 'other.pub'), 'utf8')).split(' ');
    const file = join(folder, 'known_hosts');
    await writeFile(file, `[127.0.0.1]:${sshd.port} ${type} ${key}\n`);
    await run('ssh-keygen', ['-H', '-f', file]);
    await rm(`${file}.old`);
    await person.addConnection('a', uriOf(sshd));
    const { stdout: old } = await run('ssh-keygen', ['-lf', join(folder, 'other.pub')]);
    const { stdout: shown } = await run('ssh-keygen', ['-lf', sshd.knownHosts]);
    const problem = await person.probeProblem('a');
    expect(problem.code).toBe('ssh.host-key-changed');
    expect(problem.message).toContain(old.split(' ')[1]);
    expect(problem.message).toContain(shown.split(' ')[1]);
    expect(person.events.some(({ event }) => event === 'question.asked')).toBe(false);
    // the command of the fix works
    const [, command = ''] = /`(ssh-keygen -R [^`]*)`/.exec(problem.fix) ?? [];
    await run('sh', ['-c', command]);
    person.answers = [secret(sshd.password)];
    await person.expectUp('a');
  });

  test('is asked about with a note if known_hosts trusts a certificate authority', async () => {
    const sshd = await startSshd(...onlyPassword);
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'ca')]);
    const ca = await readFile(join(folder, 'ca.pub'), 'utf8');
    await writeFile(join(folder, 'known_hosts'), `@cert-authority * ${ca}`);
    await person.addConnection('a', uriOf(sshd));
    person.answers = [secret(sshd.password)];
    await person.expectUp('a');
    expect(person.events).toContainEqual(
      expect.objectContaining({
        event: 'question.asked',
        question: expect.objectContaining({
          kind: 'host-key',
          notes: [
            expect.stringContaining(`${join(folder, 'known_hosts')}:1 trusts this host by a certificate authority`),
          ],
        }),
      }),
    );
  });
});

describe('a saved secret', () => {
  test('is encrypted, used in the next run of the app, and removed when it is wrong or on request', async () => {
    const keychain = makeKeychain();
    const identity = await makeKey('ed25519', passphrase);
    const byPassword = await startSshd(...onlyPassword);
    const app = await person.app(keychain);
    await person.addConnection('a', uriOf(byPassword));
    await person.addConnection('b', uriOf(await startSshd(testKeys)), identity);
    person.answers = [{ secrets: [byPassword.password], remember: true }];
    await person.expectUp('a');
    person.answers = [{ secrets: [passphrase], remember: true }];
    await person.expectUp('b');
    expect(person.questions).toMatchObject([{ remember: { possible: true } }, { remember: { possible: true } }]);
    const subjects = [
      { id: expect.any(String), kind: 'password', subject: `root@127.0.0.1:${byPassword.port}` },
      { id: expect.any(String), kind: 'passphrase', subject: identity },
    ];
    expect(await app.call('secrets.list', {})).toMatchObject({ ok: true, value: subjects });
    await expectNotKept(byPassword.password);
    await expectNotKept(passphrase);

    await person.close();
    const again = await person.app(keychain);
    await person.expectUp('a');
    await person.expectUp('b');
    expect(person.questions).toHaveLength(2);

    // the saved passphrase is now wrong
    await run('ssh-keygen', ['-q', '-p', '-P', passphrase, '-N', 'another', '-f', identity]);
    await person.signOut('b');
    person.answers = [secret('another')];
    await person.expectUp('b');
    expect(person.questions[2]).toMatchObject({ kind: 'passphrase', wasWrong: true });
    const remaining = await again.call('secrets.list', {});
    expect(remaining).toMatchObject({ ok: true, value: subjects.slice(0, 1) });
    const [first] = remaining.ok ? remaining.value : [];
    await again.call('secrets.forget', { id: first?.id ?? '' });
    expect(await again.call('secrets.list', {})).toMatchObject({ ok: true, value: [] });
    await person.signOut('a');
    person.answers = [secret(byPassword.password)];
    await person.expectUp('a');
    expect(person.questions[3]).toMatchObject({ kind: 'password', wasWrong: false });
  });

  test('does not exist before the sign-in has succeeded, or without a keychain', async () => {
    const sshd = await startSshd(...passwords, 'AuthenticationMethods password,publickey', 'AuthorizedKeysFile none');
    const app = await person.app(makeKeychain());
    await person.addConnection('a', uriOf(sshd));
    person.answers = [{ secrets: [sshd.password], remember: true }];
    expect(await person.probeProblem('a')).toMatchObject({ code: 'ssh.authentication' });
    expect(await app.call('secrets.list', {})).toMatchObject({ ok: true, value: [] });
    await person.close();

    const without = await person.app();
    await person.addConnection('b', uriOf(await startSshd(...onlyPassword)));
    person.answers = [];
    await person.probeProblem('b');
    expect(person.questions.at(-1)).toMatchObject({
      remember: { possible: false, reason: expect.stringContaining('keychain') },
    });
    expect(await without.call('secrets.list', {})).toMatchObject({ ok: true, value: [] });
  });
});

describe.skipIf(!existsSync('/usr/bin/script'))('in a terminal', () => {
  function barnraiser(...args: string[]): PseudoTerminal {
    return new PseudoTerminal([process.execPath, join(root, 'out', 'main', 'cli.cjs'), ...args], {
      cwd: root,
      env: { ...process.env, ...person.env },
    });
  }

  test('the prompts for a password and a passphrase are those of ssh, and the input is not shown', async () => {
    const identity = await makeKey('ed25519', passphrase);
    const sshd = await startSshd(...passwords, testKeys, 'AuthenticationMethods publickey,password');
    await person.addConnection('a', uriOf(sshd), identity);
    await person.close();
    const terminal = barnraiser('connection', 'test', 'a');
    await terminal.waitFor('(yes/no/once)? ');
    terminal.type('yes\n');
    await terminal.waitFor(`Enter passphrase for key '${identity}': `);
    terminal.type('wrong\n');
    await terminal.waitFor(`Enter passphrase for key '${identity}': `);
    terminal.type(`${passphrase}\n`);
    await terminal.waitFor("root@127.0.0.1's password: ");
    terminal.type('wrong\n');
    await terminal.waitFor('Permission denied, please try again.');
    await terminal.waitFor("root@127.0.0.1's password: ");
    terminal.type(`${sshd.password}\n`);
    expect(await terminal.waitForExit(), terminal.output).toBe(0);
    for (const hidden of [sshd.password, passphrase, 'wrong']) {
      expect(terminal.output).not.toContain(hidden);
    }
    await expectNotKept(sshd.password);
    await expectNotKept(passphrase);
  });

  test('Ctrl+C at a password prompt cancels the command', async () => {
    await person.addConnection('a', uriOf(await startSshd(...onlyPassword)));
    await person.close();
    const terminal = barnraiser('connection', 'test', 'a', '--accept-new-host-keys');
    await terminal.waitFor("root@127.0.0.1's password: ");
    terminal.type('\u0003');
    expect(await terminal.waitForExit()).not.toBe(0);
    expect(terminal.output).toContain('was not entered');
  });

  test('a command without a terminal does not ask, and suggests a key', async () => {
    const sshd = await startSshd(...onlyPassword);
    await person.addConnection('a', uriOf(sshd));
    await person.close();
    const cli = [join(root, 'electron', 'cli.ts'), 'connection', 'test', 'a', '--accept-new-host-keys'];
    const outcome = await run(process.execPath, ['--import', 'tsx', ...cli], {
      cwd: root,
      env: { ...process.env, ...person.env },
    }).catch((error: { code: number; stderr: string; stdout: string }) => error);
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.stdout + outcome.stderr).toContain(`ssh-copy-id -p ${sshd.port} root@127.0.0.1`);
  });
});

/** Neither the events of the app nor its data folder contain the secret. */
async function expectNotKept(text: string): Promise<void> {
  expect(JSON.stringify(person.events)).not.toContain(text);
  // files may be replaced meanwhile, which ends the search with an error
  await expect
    .poll(async () => {
      const entries = await readdir(person.home, { recursive: true, withFileTypes: true });
      const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
      const contents = await Promise.all(paths.map((path) => readFile(path)));
      return { hasFiles: paths.length > 0, found: paths.filter((_, index) => contents[index]?.includes(text)) };
    })
    .toEqual({ hasFiles: true, found: [] });
}
