import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Problem } from '../../shared/problem.ts';
import { Failure } from '../../shared/problem.ts';
import type { ConnectProgress } from '../ssh/connect-options.ts';
import { KnownHosts } from '../ssh/known-hosts/known-hosts.ts';
import { makeKey, TestServer } from '../ssh/testing/test-server.ts';
import { isRunning } from '../system/testing/is-running.ts';
import { type NodeSessionOptions, openNodeSession } from './open-session.ts';
import { type ProxyCommandRequest, shortCommand } from './proxy-command.ts';

const run = promisify(execFile);

const [hostKey, userKey] = [makeKey(), makeKey()];
let server: TestServer;
let jump: TestServer;
let folder: string;
let requests: ProxyCommandRequest[];
let isAllowed: boolean;
let progress: ConnectProgress[];

beforeAll(async () => {
  const options = { hostKeys: [hostKey], userKeys: [userKey], commands: true };
  server = await TestServer.start(options);
  jump = await TestServer.start({ ...options, tcpForwarding: true });
});
afterAll(() => Promise.all([server.stop(), jump.stop()]));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proxy-command-'));
  [requests, isAllowed, progress] = [[], true, []];
  await writeFile(join(folder, 'key'), userKey.text, { mode: 0o600 });
  vi.stubEnv('BARNRAISER_SSH_CONFIG', join(folder, 'config'));
  vi.stubEnv('SSH_AUTH_SOCK', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A command that connects to %h:%p as nc does, and runs the program `before` first. */
function netcat(before = ''): string {
  const program = `${before}const s=require("net").connect(%p,"%h");process.stdin.pipe(s);s.pipe(process.stdout)`;
  return `'${process.execPath}' -e '${program}'`;
}

async function open(config: string, options: Partial<NodeSessionOptions> = {}) {
  await writeFile(
    join(folder, 'config'),
    `${config}\nHost *\n  HostName 127.0.0.1\n  User kim\n  IdentityFile ${join(folder, 'key')}\n  IdentitiesOnly yes\n`,
  );
  const known = join(folder, 'known_hosts');
  await writeFile(known, `alias ${hostKey.line}\n`);
  return openNodeSession(
    'far',
    { host: 'goal' },
    {
      loadKnownHosts: () => KnownHosts.load([known]),
      decideHostKey: async () => false,
      allowCommand: async (request) => {
        requests.push(request);
        return isAllowed;
      },
      onProgress: (stage) => progress.push(stage),
      ...options,
    },
  );
}

/** A configuration that connects to the server with a ProxyCommand. */
const goal = (command: string): string =>
  `Host goal\n  Port ${server.port}\n  HostKeyAlias alias\n  ProxyCommand ${command}\n`;

async function problemOf(opening: Promise<unknown>): Promise<Problem> {
  const error = await opening.then(
    () => expect.fail('the session opened'),
    (reason: unknown) => reason,
  );
  return error instanceof Failure ? error.problem : expect.fail(String(error));
}

test('an allowed ProxyCommand connects to the host, and ends with the session', async () => {
  const pid = join(folder, 'pid');
  const session = await open(goal(netcat(`require("fs").writeFileSync("${pid}",String(process.pid));`)));
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect(requests).toMatchObject([
    {
      connection: 'far',
      host: 'goal',
      command: expect.stringContaining(`connect(${server.port},"127.0.0.1")`),
      file: join(folder, 'config'),
      line: 4,
      allowedCommand: { host: 'goal', command: expect.stringContaining('connect(%p,"%h")') },
    },
  ]);
  expect(progress.map(({ kind }) => kind)).toEqual(['started', 'answered', 'host-key', 'signed-in']);
  const running = Number(await readFile(pid, 'utf8'));
  expect(isRunning(running)).toBe(true);
  await session.close();
  await expect.poll(() => isRunning(running)).toBe(false);
});

test('the first jump host may have a ProxyCommand', async () => {
  const session = await open(
    `Host goal\n  Port ${server.port}\n  HostKeyAlias alias\n  ProxyJump hop\n
    Host hop\n  Port ${jump.port}\n  HostKeyAlias alias\n  ProxyCommand ${netcat()}\n`,
  );
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect(requests).toMatchObject([{ connection: 'far', hop: 'hop', host: 'hop' }]);
  await session.close();
});

describe('a ProxyCommand is not run', () => {
  const marked = () => goal(`touch ${join(folder, 'ran')}`);
  afterEach(async () => {
    expect(progress).toEqual([]);
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow();
  });

  test('if it is refused; the problem says how to allow or replace it', async () => {
    isAllowed = false;
    expect(await problemOf(open(marked()))).toEqual({
      code: 'ssh.cancelled',
      message: `Node far: the SSH configuration connects to goal by running \`touch ${join(folder, 'ran')}\`, which is not allowed.`,
      fix: `Connect in a terminal or in Barnraiser's window and allow it there, or replace it with \`ProxyJump HOST\` (${join(folder, 'config')}:4).`,
    });
  });

  test('if there is no callback to allow it', async () => {
    await writeFile(join(folder, 'config'), marked());
    const opening = openNodeSession(
      'far',
      { host: 'goal' },
      {
        loadKnownHosts: () => KnownHosts.load([]),
        decideHostKey: async () => false,
      },
    );
    expect((await problemOf(opening)).code).toBe('ssh.cancelled');
  });

  test('if the connection is cancelled before the answer comes', async () => {
    const controller = new AbortController();
    const allowCommand = async () => {
      controller.abort(new Error('cancelled'));
      return true;
    };
    await expect(open(marked(), { allowCommand, signal: controller.signal })).rejects.toThrow('cancelled');
  });

  test('if the user name contains shell syntax', async () => {
    const config = `Host goal\n  User $(id)\n  ProxyCommand touch ${join(folder, 'ran')} %r\n`;
    expect(await problemOf(open(config))).toMatchObject({ code: 'ssh.config' });
    expect(requests).toEqual([]);
  });
});

describe('a ProxyCommand that does not connect', () => {
  test('is reported with its exit code and its output', async () => {
    expect(await problemOf(open(goal(`sh -c 'printf "no route to \\033[31mit" >&2; exit 3'`)))).toEqual({
      code: 'ssh.unreachable',
      message: expect.stringMatching(
        /^Node far: the ProxyCommand `sh -c 'printf .*'` ended with exit code 3 before the SSH handshake was complete\.$/,
      ),
      fix: 'Run it yourself to see what is wrong with it, or try `ssh goal`.',
      detail: 'no route to it',
    });
  });

  test('is reported if it ends during the handshake', async () => {
    const problem = await problemOf(open(goal("sh -c 'echo SSH-2.0-x; sleep 0.2; echo lost it >&2'")));
    expect(problem).toMatchObject({ code: 'ssh.unreachable', detail: 'lost it' });
    expect(problem.message).toContain('ended with exit code 0');
  });

  test('is reported if the command does not exist', async () => {
    const problem = await problemOf(open(goal('no-such-command %h')));
    expect(problem.message).toContain('ended with exit code 127');
    expect(problem.detail).toContain('no-such-command');
  });

  test('is reported if there is no shell', async () => {
    vi.stubEnv('SHELL', join(folder, 'none'));
    const problem = await problemOf(open(goal('cat')));
    expect(problem.message).toContain('`cat` could not be run');
    expect(problem.detail).toContain('ENOENT');
  });

  test('is ended at the timeout', async () => {
    const pid = join(folder, 'pid');
    const config = `${goal(`sh -c 'echo $$ >${pid}; echo open the page >&2; exec sleep 600'`)}  ConnectTimeout 3\n`;
    const problem = await problemOf(open(config));
    expect(problem).toMatchObject({ code: 'ssh.timeout', detail: expect.stringMatching(/\nopen the page$/) });
    expect(problem.message).toContain('is running, but did not connect in time');
    const running = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isRunning(running)).toBe(false);
  });

  test('is ended when the connection is cancelled', async () => {
    const pid = join(folder, 'pid');
    const controller = new AbortController();
    const opening = open(goal(`sh -c 'echo $$ >${pid}; exec sleep 600'`), { signal: controller.signal });
    const failed = expect(opening).rejects.toThrow('cancelled');
    await expect.poll(() => readFile(pid, 'utf8')).toMatch(/\n/);
    controller.abort(new Error('cancelled'));
    await failed;
    const running = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isRunning(running)).toBe(false);
  });

  test('is ended if there is no key to sign in with', async () => {
    const command = `sleep 60${server.port}`;
    await writeFile(join(folder, 'key'), 'no key');
    expect((await problemOf(open(goal(command)))).code).toBe('ssh.identity');
    expect(progress).toMatchObject([{ kind: 'started' }]);
    expect((await run('ps', ['-A', '-o', 'args='])).stdout).not.toContain(command);
  });

  test('to a server with another host key is refused', async () => {
    await expect(open(goal(netcat()).replace('alias', 'other'))).rejects.toMatchObject({
      problem: { code: 'ssh.host-key-unknown' },
    });
  });
});

test('a command is shortened for a sentence, and its backticks are replaced', () => {
  expect(shortCommand('a `b` \u202e')).toBe("a 'b' \\u{202e}");
  expect(shortCommand('x'.repeat(200))).toHaveLength(80);
});
