/** How lines to nodes are kept: real sshd's that stall, freeze, drop, come back, and allow little at once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Build } from '../shared/build.ts';
import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import type { NodeStatus } from '../shared/node.ts';
import { makeProject, theLab } from './harness.ts';
import { type ExtraSshd, nodeShell, startExtraSshd } from './lab/lab.ts';

const lab = await theLab();
const cleanups: (() => unknown)[] = [];

let folder: string;
let app: App;
let events: AppEvent[];
let listeners: Set<() => void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-line-'));
  process.env.BARNRAISER_KNOWN_HOSTS = join(folder, 'known_hosts');
  process.env.BARNRAISER_SSH_CONFIG = join(folder, 'config');
  process.env.SSH_AUTH_SOCK = '';
  await writeFile(join(folder, 'known_hosts'), '');
  await writeFile(join(folder, 'config'), '');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

/** The app of a door with a window, and what it tells. `config` is the person's SSH configuration. */
async function startApp({ config = '', idleMs }: { config?: string; idleMs?: number } = {}): Promise<void> {
  await writeFile(join(folder, 'config'), config);
  app = await createApp({
    frontEnd: 'browser',
    home: join(folder, 'home'),
    ...(idleMs === undefined ? {} : { idleMs }),
  });
  cleanups.push(() => app.close());
  events = [];
  listeners = new Set();
  app.subscribe((event) => {
    events.push(event);
    for (const listener of listeners) {
      listener();
    }
  });
}

async function must<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  return result.ok ? result.value : expect.fail(`${name}: ${result.problem.message}`);
}

/** Resolves with the first event, of those since `since` and those to come, that the test accepts. */
function event<E extends AppEvent>(accept: (event: AppEvent) => event is E, since?: number): Promise<E>;
function event(accept: (event: AppEvent) => boolean, since?: number): Promise<AppEvent>;
function event(accept: (event: AppEvent) => boolean, since = 0): Promise<AppEvent> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = events.slice(since).find(accept);
      if (found) {
        listeners.delete(look);
        resolve(found);
      }
    };
    listeners.add(look);
    look();
  });
}

async function status(name: string, accept: (status: NodeStatus) => boolean, since?: number): Promise<NodeStatus> {
  const told = await event(
    (each): each is Extract<AppEvent, { event: 'node.changed' }> =>
      each.event === 'node.changed' && each.status.connection === name && accept(each.status),
    since,
  );
  return told.status;
}

const isDown = ({ state }: NodeStatus): boolean => state === 'down';
const isUp = ({ state }: NodeStatus): boolean => state === 'up';

function startSshd(node: string, config: readonly string[] = [], port?: number): Promise<ExtraSshd> {
  return startExtraSshd(node, { config, ...(port === undefined ? {} : { port }) });
}

/** An sshd of its own in a node, and a connection to it whose key is trusted. */
async function connect(name: string, node: string, config: readonly string[] = []): Promise<ExtraSshd> {
  const sshd = await startSshd(node, config);
  cleanups.push(() => sshd.stop());
  const { identity, socket } = lab.node(node);
  const known = process.env.BARNRAISER_KNOWN_HOSTS ?? '';
  await writeFile(known, (await readFile(known, 'utf8')) + (await readFile(sshd.knownHosts, 'utf8')));
  await must('connections.add', { name, uri: `ssh://root@127.0.0.1:${sshd.port}${socket}`, identity });
  return sshd;
}

/** The processes of an sshd that serve connections, as the node numbers them. */
async function served(node: string, { port }: ExtraSshd): Promise<string[]> {
  const pid = `$(cat /run/node/sshd-${port}.pid)`;
  const { stdout } = await nodeShell(node, `cat /proc/${pid}/task/${pid}/children`);
  return stdout.trim().split(/\s+/).filter(Boolean);
}

/** Sends a signal to what serves the connections of an sshd; the sshd itself goes on and takes new ones. */
async function signal(node: string, name: 'STOP' | 'KILL' | 'CONT', pids: readonly string[]): Promise<void> {
  expect(pids).not.toEqual([]);
  await nodeShell(node, `kill -${name} ${pids.join(' ')}`);
}

const probe = (name: string): Promise<CallOutput<'nodes.probe'>> => must('nodes.probe', { connections: [name] });

/** A project whose only step says `waiting`, takes some seconds, and is in no cache. */
async function slowProject(seconds: number): Promise<string> {
  const mark = `${Date.now()}${Math.random()}`;
  const context = await makeProject({
    Containerfile: `${lab.from}RUN echo waiting ${mark}; sleep ${seconds}; echo slept\n`,
  });
  cleanups.push(() => rm(context, { recursive: true }));
  return context;
}

const isWaiting = (each: AppEvent): boolean =>
  each.event === 'job.log' && each.lines.some((line) => line.startsWith('waiting'));

async function finished(id: string): Promise<Build> {
  const end = await event(
    (each): each is Extract<AppEvent, { event: 'build.finished' }> =>
      each.event === 'build.finished' && each.build.id === id,
  );
  return end.build;
}

test('a server that stalls after its banner is given up in time, and that is said', async () => {
  await startApp({ config: 'ConnectTimeout 1\n' });
  const stalling = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('SSH-2.0-OpenSSH_9.9\r\n');
    cleanups.push(() => socket.destroy());
  });
  stalling.listen(0, '127.0.0.1');
  await once(stalling, 'listening');
  cleanups.push(() => stalling.close());
  const address = stalling.address();
  const port = typeof address === 'object' && address ? address.port : expect.fail('it has no port');
  await must('connections.add', { name: 'stalls', uri: `ssh://root@127.0.0.1:${port}/x.sock` });
  expect(await probe('stalls')).toMatchObject([
    {
      state: 'down',
      problem: { code: 'ssh.timeout', message: expect.stringContaining('its SSH handshake was not over within 1 s') },
      retry: { attempt: 1 },
    },
  ]);
});

describe('a line that falls silent', () => {
  test('is noticed, and comes back by itself', async () => {
    await startApp({ config: 'ServerAliveInterval 1\nServerAliveCountMax 2\n' });
    const sshd = await connect('frozen', 'amd-a');
    expect(await probe('frozen')).toMatchObject([{ state: 'up' }]);
    const since = events.length;
    const frozen = await served('amd-a', sshd);
    await signal('amd-a', 'STOP', frozen);
    cleanups.push(() => signal('amd-a', 'CONT', frozen));
    expect(await status('frozen', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost', detail: 'Nothing was heard of it for 3 s.' },
      retry: { attempt: 1 },
    });
    expect(await status('frozen', isUp, since)).toMatchObject({ node: { platform: 'linux/amd64' } });
    expect(await must('nodes.list', {})).toMatchObject([{ connection: 'frozen', state: 'up' }]);
  });

  test('is noticed at once when the computer wakes up', async () => {
    await startApp({ config: 'ServerAliveInterval 3600\n' });
    const sshd = await connect('asleep', 'amd-a');
    await probe('asleep');
    await app.wake();
    // a node that is there stays
    expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
    const since = events.length;
    const frozen = await served('amd-a', sshd);
    await signal('amd-a', 'STOP', frozen);
    cleanups.push(() => signal('amd-a', 'CONT', frozen));
    await app.wake();
    expect(await status('asleep', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost', detail: expect.stringContaining('no sign of life within 4 s') },
    });
    await status('asleep', isUp, since);
  });
});

describe('a line that drops in mid-build', () => {
  test('moves the build to another node, and comes back', async () => {
    await startApp();
    const sshd = await connect('dropping', 'amd-a');
    await connect('steady', 'amd-b');
    const context = await slowProject(5);
    const { id } = await must('builds.start', {
      context,
      reference: 'moved:1',
      connections: ['dropping', 'steady'],
      platforms: ['linux/amd64'],
      pins: { 'linux/amd64': 'dropping' },
    });
    await event(isWaiting);
    const since = events.length;
    await signal('amd-a', 'KILL', await served('amd-a', sshd));
    expect(await status('dropping', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost' },
      retry: { attempt: 1 },
    });
    await status('dropping', isUp, since);
    const build = await finished(id);
    expect(build).toMatchObject({ status: 'done', jobs: [{ node: 'steady', lost: [{ node: 'dropping' }] }] });
  });

  test('fails a build that has no other node in clear words, and the node is up again once its sshd is', async () => {
    await startApp();
    const sshd = await connect('alone', 'amd-a');
    const context = await slowProject(5);
    const { id } = await must('builds.start', { context, reference: 'lost:1', connections: ['alone'] });
    await event(isWaiting);
    const since = events.length;
    await sshd.stop();
    expect(await finished(id)).toMatchObject({
      status: 'failed',
      problem: { code: 'ssh.lost', message: 'Node alone: the SSH connection was lost.' },
    });
    const told = await status('alone', (each) => each.state === 'down' && (each.retry?.attempt ?? 0) > 1, since);
    expect(told).toMatchObject({
      problem: { code: 'ssh.unreachable', message: expect.stringContaining('refused the connection') },
    });
    const again = await startSshd('amd-a', [], sshd.port);
    cleanups.push(() => again.stop());
    expect(await status('alone', isUp, since)).toMatchObject({ node: { platform: 'linux/amd64' } });
  });
});

describe.each([
  ['a server with MaxSessions 2', ['MaxSessions 2']],
  ['a server with MaxSessions 2 that forwards no sockets', ['MaxSessions 2', 'AllowStreamLocalForwarding no']],
  ['a server with MaxSessions 1 that forwards no sockets', ['MaxSessions 1', 'AllowStreamLocalForwarding no']],
])('%s', (_server, config) => {
  test('builds two projects at once, and is asked what it is meanwhile', async () => {
    await startApp();
    await connect('narrow', 'amd-b', config);
    const ids = await Promise.all(
      ['one:1', 'two:1'].map(async (reference) => {
        const context = await slowProject(3);
        return (await must('builds.start', { context, reference, connections: ['narrow'] })).id;
      }),
    );
    await event(isWaiting);
    const probes = Promise.all([probe('narrow'), probe('narrow'), must('nodes.prune', { connections: ['narrow'] })]);
    const builds = await Promise.all(ids.map(finished));
    expect(builds.map((build) => [build.status, build.problem])).toEqual([
      ['done', undefined],
      ['done', undefined],
    ]);
    const [one, other, pruned] = await probes;
    expect([...one, ...other]).toMatchObject([{ state: 'up' }, { state: 'up' }]);
    expect(pruned[0]).not.toHaveProperty('problem');
    expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
  });

  test('lets a build be cancelled beside another', async () => {
    await startApp();
    await connect('narrow', 'amd-b', config);
    const [context, other] = [await slowProject(60), await slowProject(4)];
    const { id } = await must('builds.start', { context, reference: 'cancelled:1', connections: ['narrow'] });
    await event(isWaiting);
    const beside = must('builds.start', { context: other, reference: 'beside:1', connections: ['narrow'] });
    await must('builds.cancel', { id });
    expect((await finished(id)).status).toBe('cancelled');
    expect(await finished((await beside).id)).toMatchObject({ status: 'done' });
  });
});

test('a line that nobody uses is closed, the node stays up, and the next use opens it again', async () => {
  await startApp({ idleMs: 1_000 });
  const sshd = await connect('quiet', 'amd-a');
  await probe('quiet');
  await expect.poll(() => served('amd-a', sshd), { timeout: 30_000, interval: 300 }).toEqual([]);
  expect(await must('nodes.list', {})).toMatchObject([{ connection: 'quiet', state: 'up' }]);
  expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
  expect(await probe('quiet')).toMatchObject([{ state: 'up' }]);
  expect(await served('amd-a', sshd)).not.toEqual([]);
  // a build that is longer than that is a use
  const context = await slowProject(4);
  const { id } = await must('builds.start', { context, reference: 'long:1', connections: ['quiet'] });
  expect(await finished(id)).toMatchObject({ status: 'done', jobs: [{ node: 'quiet' }] });
});

describe('nothing of ours is left on a node', () => {
  /** A program that opens a session and runs there what neither reads nor writes, directly and as a way to the engine. */
  const program = (port: number, identity: string, seconds: number): string => `
    import { openSession } from './electron/ssh/session.ts';
    import { KnownHosts } from './electron/ssh/known-hosts.ts';
    const session = await openSession({
      name: 'doomed', host: '127.0.0.1', port: ${port}, user: 'root', agentSocket: '',
      identity: ${JSON.stringify(identity)},
      knownHosts: await KnownHosts.load([process.env.BARNRAISER_KNOWN_HOSTS]),
      decideHostKey: async () => false,
    });
    session.run('sleep ${seconds}').catch(() => undefined);
    (await session.openCommand('sleep ${seconds}', { bound: true })).on('error', () => undefined);
    console.log((await session.run('echo there')).stdout.trim());
    process.stdin.on('data', () => session.close().then(() => process.exit(0)));
    setInterval(() => undefined, 1000);
  `;

  test.each(['is killed', 'closes its connection', 'loses its line'])('when our process %s', async (how) => {
    await startApp();
    const sshd = await connect('doomed', 'amd-a');
    const { identity } = lab.node('amd-a');
    const seconds = 40_000 + (sshd.port % 10_000);
    // the pattern does not find itself
    const mark = `${String(seconds).slice(0, -1)}[${String(seconds).slice(-1)}]`;
    const left = async (): Promise<number> => {
      const command = `grep -lsaE 'sleep.*${mark}' /proc/[0-9]*/cmdline | wc -l`;
      return Number((await nodeShell('amd-a', command)).stdout);
    };
    expect(await left()).toBe(0);
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program(sshd.port, identity, seconds)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    cleanups.push(() => child.kill('SIGKILL'));
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    expect(line).toBe('there');
    expect(await left()).toBeGreaterThan(2);
    if (how === 'is killed') {
      child.kill('SIGKILL');
    } else if (how === 'closes its connection') {
      child.stdin.write('close\n');
    } else {
      await signal('amd-a', 'KILL', await served('amd-a', sshd));
    }
    await expect.poll(left, { timeout: 30_000, interval: 300 }).toBe(0);
    await expect.poll(() => served('amd-a', sshd), { timeout: 30_000, interval: 300 }).toEqual([]);
  });
});
