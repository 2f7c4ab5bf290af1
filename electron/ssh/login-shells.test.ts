import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KnownHosts } from './known-hosts/known-hosts.ts';
import { openSession, type Session } from './session.ts';
import { shellLine } from './shell-line.ts';
import { makeKey, TestServer, type TestServerOptions } from './testing/test-server.ts';

const hostKey = makeKey();
const userKey = makeKey();

let folder: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shell-'));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

async function open(options: Partial<TestServerOptions>): Promise<Session> {
  const server = await TestServer.start({ hostKeys: [hostKey], userKeys: [userKey], ...options });
  cleanups.push(() => server.stop());
  const identity = join(folder, 'key');
  const hosts = join(folder, 'known_hosts');
  await writeFile(identity, userKey.text, { mode: 0o600 });
  await writeFile(hosts, `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const session = await openSession({
    name: 'pi4',
    host: '127.0.0.1',
    port: server.port,
    user: 'kim',
    identity,
    agentSocket: '',
    knownHosts: await KnownHosts.load([hosts]),
    decideHostKey: async () => false,
  });
  cleanups.push(() => session.close());
  return session;
}

/** Each with the start-up file that it reads for a command, in the home folder. */
const shells = [
  { path: 'dash' },
  { path: 'bash', args: ['--rcfile', '/dev/null'] },
  { path: 'zsh', startFile: ['.zshenv'] },
  { path: 'tcsh', startFile: ['.tcshrc'] },
  { path: 'bsd-csh', startFile: ['.cshrc'] },
  { path: 'fish', startFile: ['.config/fish/config.fish'] },
  { path: 'ksh93' },
  { path: 'mksh' },
  { path: 'busybox', args: ['sh'] },
];

function isInstalled(path: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${path}`]).status === 0;
}

/** Long, with everything that shells disagree about. */
const program = `# ${'a long comment '.repeat(300)}
printf '%s|' "it's" 'a!b !! %d' '\\n' 'ü' ; cat <<'END'
  two  blanks \\
END
exit 7`;
const printed = "it's|a!b !! %d|\\n|ü|  two  blanks \\\n";

/** A command that answers each line of its input. */
const answering = 'while read -r line; do echo "read $line"; done';

async function answerOf(stream: Duplex): Promise<string> {
  stream.write('hello\n');
  const [answer] = await once(stream, 'data');
  stream.destroy();
  return String(answer);
}

describe.each(shells)('the login shell $path', ({ path, args = [], startFile }) => {
  test.skipIf(!isInstalled(path))('runs a program of a POSIX shell as it was written', () => {
    const { status, stdout, stderr } = spawnSync(path, [...args, '-c', shellLine(program)], { encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 7, stdout: printed, stderr: '' });
  });

  test.skipIf(!isInstalled(path))('hands standard input to the program', () => {
    const line = shellLine('read -r line; echo "read $line"; cat');
    const { stdout } = spawnSync(path, [...args, '-c', line], { encoding: 'utf8', input: 'one\ntwo\n' });
    expect(stdout).toBe('read one\ntwo\n');
  });

  test.skipIf(!isInstalled(path))('runs commands and streams of a session', async () => {
    const session = await open({ shell: { path, args } });
    expect(await session.run(program)).toEqual({ code: 7, stdout: printed, stderr: '' });
    expect(await answerOf(await session.openCommand(answering, { isBound: true }))).toBe('read hello\n');
  });

  test.skipIf(!isInstalled(path)).each(startFile ?? [])('may print when it starts, from %s', async (name) => {
    const file = join(folder, name);
    spawnSync('mkdir', ['-p', join(file, '..')]);
    await writeFile(file, 'echo "Welcome, kim"\necho -n "no line end"\necho "quota exceeded" >/dev/stderr\n');
    const session = await open({ shell: { path, args, env: { HOME: folder, ZDOTDIR: folder, XDG_CONFIG_HOME: '' } } });
    expect(await session.run(program)).toEqual({ code: 7, stdout: printed, stderr: '' });
    expect(await answerOf(await session.openCommand(answering, { isBound: true }))).toBe('read hello\n');
    expect(await answerOf(await session.openCommand(answering))).toBe('read hello\n');
  });
});

describe('a login shell that prints before the command', () => {
  async function quirk(script: string): Promise<Session> {
    const path = join(folder, 'login-shell');
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return open({ shell: { path } });
  }

  test('much, repeats the command, and runs slowly, is no obstacle', async () => {
    const session = await quirk('head -c 300000 /dev/zero | tr "\\0" x; echo "$2"; sleep 1; exec sh "$@"');
    expect(await session.run('echo done')).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    expect(await answerOf(await session.openCommand(answering, { isBound: true }))).toBe('read hello\n');
  });

  test('does not take the time of a command', async () => {
    const session = await quirk('sleep 2; exec sh "$@"');
    expect(await session.run('echo done', { timeoutMs: 1_000 })).toMatchObject({ stdout: 'done\n' });
  });
});

describe('a node that does not run the command', () => {
  const refusals: [string, Partial<TestServerOptions>, string][] = [
    ['nologin', { shell: { path: '/usr/sbin/nologin' } }, 'This account is currently not available.'],
    ['false', { shell: { path: '/bin/false' } }, ''],
    ['a forced command', { forcedCommand: 'echo "Only backups here"; exit 0' }, 'Only backups here'],
    ['escapes of a terminal', { forcedCommand: `printf '\\033]0;title\\007no \\033[31mred\\n' >&2` }, 'no red'],
  ];
  test.each(refusals)('tells what it said: %s', async (_, options, said) => {
    const session = await open(options);
    const message = `Node pi4: the login shell of this user does not run commands${said && `, but said "${said}"`}.`;
    const failure = { problem: { code: 'ssh.shell', message, fix: expect.stringContaining('ForceCommand') } };
    await expect(session.run('echo hello')).rejects.toMatchObject(failure);
    await expect(session.openCommand('cat')).rejects.toMatchObject({ problem: { code: 'ssh.shell' } });
    const stream = await session.openCommand('cat', { isBound: true });
    await expect(text(stream)).rejects.toMatchObject({ problem: { code: 'ssh.shell' } });
  });

  test('but forces the one that leads to the engine is usable', async () => {
    const session = await open({ forcedCommand: 'read -r line; printf \'HTTP/1.1 200 OK %s\' "$line"' });
    const stream = await session.openCommand('docker system dial-stdio', { isBound: true });
    stream.write('GET /_ping\n');
    expect(await text(stream)).toBe('HTTP/1.1 200 OK GET /_ping');
  });
});
