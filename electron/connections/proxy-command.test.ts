import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Problem } from '../../shared/problem.ts';
import { Failure } from '../../shared/problem.ts';
import type { Reached } from '../ssh/connect.ts';
import { KnownHosts } from '../ssh/known-hosts.ts';
import { makeKey, TestServer } from '../ssh/testing/server.ts';
import { isRunning } from '../system/testing/is-running.ts';
import { type NodeSessionOptions, openNodeSession } from './open-session.ts';
import { briefCommand, type WantedCommand } from './proxy-command.ts';

const run = promisify(execFile);

const [hostKey, userKey] = [makeKey(), makeKey()];
let server: TestServer;
let jump: TestServer;
let folder: string;
let asked: WantedCommand[];
let isAllowed: boolean;
let reached: Reached[];

beforeAll(async () => {
  const options = { hostKeys: [hostKey], users: [userKey], commands: true };
  server = await TestServer.start(options);
  jump = await TestServer.start({ ...options, tcpForwarding: true });
});
afterAll(() => Promise.all([server.stop(), jump.stop()]));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'by-command-'));
  [asked, isAllowed, reached] = [[], true, []];
  await writeFile(join(folder, 'key'), userKey.text, { mode: 0o600 });
  vi.stubEnv('BARNRAISER_SSH_CONFIG', join(folder, 'config'));
  vi.stubEnv('SSH_AUTH_SOCK', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** A command that connects to a port of this computer as nc does. What else it does comes before. */
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
      allowCommand: async (wanted) => {
        asked.push(wanted);
        return isAllowed;
      },
      onReached: (stage) => reached.push(stage),
      ...options,
    },
  );
}

/** The part of a configuration that leads to the server by a command. */
const goal = (command: string): string =>
  `Host goal\n  Port ${server.port}\n  HostKeyAlias alias\n  ProxyCommand ${command}\n`;

async function problemOf(opening: Promise<unknown>): Promise<Problem> {
  const error = await opening.then(
    () => expect.fail('it is open'),
    (reason: unknown) => reason,
  );
  return error instanceof Failure ? error.problem : expect.fail(String(error));
}

test('a host is reached by its command once that is allowed, and the command ends with the line', async () => {
  const pid = join(folder, 'pid');
  const session = await open(goal(netcat(`require("fs").writeFileSync("${pid}",String(process.pid));`)));
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect(asked).toMatchObject([
    {
      connection: 'far',
      host: 'goal',
      command: expect.stringContaining(`connect(${server.port},"127.0.0.1")`),
      file: join(folder, 'config'),
      line: 4,
      allowed: { host: 'goal', command: expect.stringContaining('connect(%p,"%h")') },
    },
  ]);
  expect(reached.map(({ kind }) => kind)).toEqual(['started', 'answered', 'host-key', 'signed-in']);
  const running = Number(await readFile(pid, 'utf8'));
  expect(isRunning(running)).toBe(true);
  await session.close();
  await expect.poll(() => isRunning(running)).toBe(false);
});

test('the first jump host may be reached so too', async () => {
  const session = await open(
    `Host goal\n  Port ${server.port}\n  HostKeyAlias alias\n  ProxyJump hop\n
    Host hop\n  Port ${jump.port}\n  HostKeyAlias alias\n  ProxyCommand ${netcat()}\n`,
  );
  expect((await session.run('echo in')).stdout).toBe('in\n');
  expect(asked).toMatchObject([{ connection: 'far: jump host hop', host: 'hop' }]);
  await session.close();
});

describe('nothing is run', () => {
  const marked = () => goal(`touch ${join(folder, 'ran')}`);
  afterEach(async () => {
    expect(reached).toEqual([]);
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow();
  });

  test('when it is refused, which is told with a way out', async () => {
    isAllowed = false;
    expect(await problemOf(open(marked()))).toEqual({
      code: 'ssh.cancelled',
      message: `Node far: the SSH configuration reaches goal by running \`touch ${join(folder, 'ran')}\`, which nobody has allowed.`,
      fix: `Connect on a terminal or in Barnraiser's window and allow it there, or write \`ProxyJump HOST\` in its place (${join(folder, 'config')}:4).`,
    });
  });

  test('where there is nobody to ask', async () => {
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

  test('when the line is given up while a person is asked, and the answer comes late', async () => {
    const left = new AbortController();
    const allowCommand = async () => {
      left.abort(new Error('given up'));
      return true;
    };
    await expect(open(marked(), { allowCommand, signal: left.signal })).rejects.toThrow('given up');
  });

  test('when a user that a shell would take for more is to be put in', async () => {
    const config = `Host goal\n  User $(id)\n  ProxyCommand touch ${join(folder, 'ran')} %r\n`;
    expect(await problemOf(open(config))).toMatchObject({ code: 'ssh.config' });
    expect(asked).toEqual([]);
  });
});

describe('a command that leads nowhere', () => {
  test('and ends is told with its exit code and what it said', async () => {
    expect(await problemOf(open(goal(`sh -c 'printf "no route to \\033[31mit" >&2; exit 3'`)))).toEqual({
      code: 'ssh.unreachable',
      message: expect.stringMatching(
        /^Node far: the ProxyCommand `sh -c 'printf .*'` ended with exit code 3 before the SSH handshake was over\.$/,
      ),
      fix: 'Run it by hand to see what is wrong with it, or try `ssh goal`.',
      detail: 'no route to it',
    });
  });

  test('and ends in the middle of the handshake', async () => {
    const problem = await problemOf(open(goal("sh -c 'echo SSH-2.0-x; sleep 0.2; echo lost it >&2'")));
    expect(problem).toMatchObject({ code: 'ssh.unreachable', detail: 'lost it' });
    expect(problem.message).toContain('ended with exit code 0');
  });

  test('and is not there', async () => {
    const problem = await problemOf(open(goal('no-such-command %h')));
    expect(problem.message).toContain('ended with exit code 127');
    expect(problem.detail).toContain('no-such-command');
  });

  test('for want of a shell', async () => {
    vi.stubEnv('SHELL', join(folder, 'none'));
    const problem = await problemOf(open(goal('cat')));
    expect(problem.message).toContain('`cat` could not be run');
    expect(problem.detail).toContain('ENOENT');
  });

  test('but runs on is ended in time', async () => {
    const pid = join(folder, 'pid');
    const config = `${goal(`sh -c 'echo $$ >${pid}; echo open the page >&2; exec sleep 600'`)}  ConnectTimeout 3\n`;
    const problem = await problemOf(open(config));
    expect(problem).toMatchObject({ code: 'ssh.timeout', detail: expect.stringMatching(/\nopen the page$/) });
    expect(problem.message).toContain('runs, but there was no way through it in time');
    const running = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isRunning(running)).toBe(false);
  });

  test('is ended when the line is given up', async () => {
    const pid = join(folder, 'pid');
    const left = new AbortController();
    const opening = open(goal(`sh -c 'echo $$ >${pid}; exec sleep 600'`), { signal: left.signal });
    const failed = expect(opening).rejects.toThrow('given up');
    await expect.poll(() => readFile(pid, 'utf8')).toMatch(/\n/);
    left.abort(new Error('given up'));
    await failed;
    const running = Number(await readFile(pid, 'utf8'));
    await expect.poll(() => isRunning(running)).toBe(false);
  });

  test('is ended where there is nothing to sign in with, before anything was said', async () => {
    const command = `sleep 60${server.port}`;
    await writeFile(join(folder, 'key'), 'no key');
    expect((await problemOf(open(goal(command)))).code).toBe('ssh.identity');
    expect(reached).toMatchObject([{ kind: 'started' }]);
    expect((await run('ps', ['-A', '-o', 'args='])).stdout).not.toContain(command);
  });

  test('to a server whose key is another is refused as ever', async () => {
    await expect(open(goal(netcat()).replace('alias', 'other'))).rejects.toMatchObject({
      problem: { code: 'ssh.host-key-unknown' },
    });
  });
});

test('in a sentence it is short, and has nothing that ends its quotes', () => {
  expect(briefCommand('a `b` \u202e')).toBe("a 'b' \\u{202e}");
  expect(briefCommand('x'.repeat(200))).toHaveLength(80);
});
