/** Connections to real sshd servers that stall, freeze, drop the connection, restart, and limit sessions. */
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
import { makeProject, setUpLab } from './harness.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const cleanups: (() => unknown)[] = [];

let folder: string;
let app: App;
let events: AppEvent[];
let listeners: Set<() => void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-lost-'));
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

/** Starts an app and records its events. @param options.config the user's SSH configuration */
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
  app.subscribe((waitForEvent) => {
    events.push(waitForEvent);
    for (const listener of listeners) {
      listener();
    }
  });
}

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  return result.ok ? result.value : expect.fail(`${name}: ${result.problem.message}`);
}

/** Resolves with the first event after the first `since` events that `accept` returns true for. */
function waitForEvent<E extends AppEvent>(accept: (event: AppEvent) => event is E, since?: number): Promise<E>;
function waitForEvent(accept: (event: AppEvent) => boolean, since?: number): Promise<AppEvent>;
function waitForEvent(accept: (event: AppEvent) => boolean, since = 0): Promise<AppEvent> {
  return new Promise((resolve) => {
    const check = (): void => {
      const match = events.slice(since).find(accept);
      if (match) {
        listeners.delete(check);
        resolve(match);
      }
    };
    listeners.add(check);
    check();
  });
}

async function waitForStatus(
  name: string,
  accept: (status: NodeStatus) => boolean,
  since?: number,
): Promise<NodeStatus> {
  const event = await waitForEvent(
    (each): each is Extract<AppEvent, { event: 'node.changed' }> =>
      each.event === 'node.changed' && each.status.connection === name && accept(each.status),
    since,
  );
  return event.status;
}

const isDown = ({ state }: NodeStatus): boolean => state === 'down';
const isUp = ({ state }: NodeStatus): boolean => state === 'up';

function startSshd(node: string, config: readonly string[] = [], port?: number): Promise<ExtraSshd> {
  return startExtraSshd(node, { config, ...(port === undefined ? {} : { port }) });
}

/** Starts a separate sshd in a node, adds its host key to known_hosts, and adds a connection to it. */
async function addConnection(name: string, node: string, config: readonly string[] = []): Promise<ExtraSshd> {
  const sshd = await startSshd(node, config);
  cleanups.push(() => sshd.stop());
  const { identity, socket } = lab.node(node);
  const known = process.env.BARNRAISER_KNOWN_HOSTS ?? '';
  await writeFile(known, (await readFile(known, 'utf8')) + (await readFile(sshd.knownHosts, 'utf8')));
  await call('connections.add', { name, uri: `ssh://root@127.0.0.1:${sshd.port}${socket}`, identity });
  return sshd;
}

/** The node's pids of the processes that serve the connections of an sshd. */
async function sessionPids(node: string, { port }: ExtraSshd): Promise<string[]> {
  const pid = `$(cat /run/node/sshd-${port}.pid)`;
  const { stdout } = await runOnNode(node, `cat /proc/${pid}/task/${pid}/children`);
  return stdout.trim().split(/\s+/).filter(Boolean);
}

/** Sends a signal to processes of {@link sessionPids}. The sshd itself keeps accepting connections. */
async function sendSignal(node: string, name: 'STOP' | 'KILL' | 'CONT', pids: readonly string[]): Promise<void> {
  expect(pids).not.toEqual([]);
  await runOnNode(node, `kill -${name} ${pids.join(' ')}`);
}

const probe = (name: string): Promise<CallOutput<'nodes.probe'>> => call('nodes.probe', { connections: [name] });

async function prune(name: string): Promise<CallOutput<'storage.prune'>> {
  const { id } = await call('storage.preview', { connections: [name] });
  return call('storage.prune', { id });
}

/** A project with one step that prints `waiting`, takes some seconds, and is not in any cache. */
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

async function waitForBuild(id: string): Promise<Build> {
  const end = await waitForEvent(
    (each): each is Extract<AppEvent, { event: 'build.finished' }> =>
      each.event === 'build.finished' && each.build.id === id,
  );
  return end.build;
}

test('a server that stalls after its banner is reported as down after the connect timeout', async () => {
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
  const port = typeof address === 'object' && address ? address.port : expect.fail('The server has no port.');
  await call('connections.add', { name: 'stalls', uri: `ssh://root@127.0.0.1:${port}/x.sock` });
  expect(await probe('stalls')).toMatchObject([
    {
      state: 'down',
      problem: {
        code: 'ssh.timeout',
        message: expect.stringContaining('did not complete the SSH handshake within 1 s'),
      },
      retry: { attempt: 1 },
    },
  ]);
});

describe('a connection that stops responding', () => {
  test('is reported as lost and is reconnected', async () => {
    await startApp({ config: 'ServerAliveInterval 1\nServerAliveCountMax 2\n' });
    const sshd = await addConnection('frozen', 'amd-a');
    expect(await probe('frozen')).toMatchObject([{ state: 'up' }]);
    const since = events.length;
    const frozen = await sessionPids('amd-a', sshd);
    await sendSignal('amd-a', 'STOP', frozen);
    cleanups.push(() => sendSignal('amd-a', 'CONT', frozen));
    expect(await waitForStatus('frozen', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost', detail: 'The node sent nothing for 3 s.' },
      retry: { attempt: 1 },
    });
    expect(await waitForStatus('frozen', isUp, since)).toMatchObject({ node: { platform: 'linux/amd64' } });
    expect(await call('nodes.list', {})).toMatchObject([{ connection: 'frozen', state: 'up' }]);
  });

  test('is reported as lost at once when the computer resumes from sleep', async () => {
    await startApp({ config: 'ServerAliveInterval 3600\n' });
    const sshd = await addConnection('asleep', 'amd-a');
    await probe('asleep');
    await app.wake();
    // a node that responds is not reported as down
    expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
    const since = events.length;
    const frozen = await sessionPids('amd-a', sshd);
    await sendSignal('amd-a', 'STOP', frozen);
    cleanups.push(() => sendSignal('amd-a', 'CONT', frozen));
    await app.wake();
    expect(await waitForStatus('asleep', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost', detail: expect.stringContaining('did not respond within 4 s') },
    });
    await waitForStatus('asleep', isUp, since);
  });
});

describe('a connection that is lost during a build', () => {
  test('is reconnected, and the build moves to another node', async () => {
    await startApp();
    const sshd = await addConnection('dropping', 'amd-a');
    await addConnection('steady', 'amd-b');
    const context = await slowProject(5);
    const { id } = await call('builds.start', {
      context,
      reference: 'moved:1',
      connections: ['dropping', 'steady'],
      platforms: ['linux/amd64'],
      pins: { 'linux/amd64': 'dropping' },
    });
    await waitForEvent(isWaiting);
    const since = events.length;
    await sendSignal('amd-a', 'KILL', await sessionPids('amd-a', sshd));
    expect(await waitForStatus('dropping', isDown, since)).toMatchObject({
      problem: { code: 'ssh.lost' },
      retry: { attempt: 1 },
    });
    await waitForStatus('dropping', isUp, since);
    const build = await waitForBuild(id);
    expect(build).toMatchObject({ status: 'done', jobs: [{ node: 'steady', lost: [{ node: 'dropping' }] }] });
  });

  test('fails a build that has no other node, and the node is up again when its sshd runs', async () => {
    await startApp();
    const sshd = await addConnection('alone', 'amd-a');
    const context = await slowProject(5);
    const { id } = await call('builds.start', { context, reference: 'lost:1', connections: ['alone'] });
    await waitForEvent(isWaiting);
    const since = events.length;
    await sshd.stop();
    expect(await waitForBuild(id)).toMatchObject({
      status: 'failed',
      problem: { code: 'ssh.lost', message: 'Node alone: the SSH connection was lost.' },
    });
    const retried = await waitForStatus(
      'alone',
      (each) => each.state === 'down' && (each.retry?.attempt ?? 0) > 1,
      since,
    );
    expect(retried).toMatchObject({
      problem: { code: 'ssh.unreachable', message: expect.stringContaining('refused the connection') },
    });
    const again = await startSshd('amd-a', [], sshd.port);
    cleanups.push(() => again.stop());
    expect(await waitForStatus('alone', isUp, since)).toMatchObject({ node: { platform: 'linux/amd64' } });
  });
});

test('a connection that is lost while an image is transferred leaves what was built as the cache of the next build', async () => {
  await startApp();
  const sshd = await addConnection('alone', 'amd-a');
  const mark = `${Date.now()}${Math.random()}`;
  const context = await makeProject({
    Containerfile: `${lab.from}COPY file /\nRUN echo ${mark}; head -c 80000000 /dev/urandom > /large\n`,
    file: 'first',
  });
  cleanups.push(() => rm(context, { recursive: true }));
  const start = () => call('builds.start', { context, reference: 'cached:1', connections: ['alone'] });
  const first = await waitForBuild((await start()).id);
  expect(first).toMatchObject({ status: 'done' });
  await writeFile(join(context, 'file'), 'second');
  const since = events.length;
  const { id } = await start();
  await waitForEvent((each) => each.event === 'job.changed' && each.job.status === 'transferring', since);
  await sendSignal('amd-a', 'KILL', await sessionPids('amd-a', sshd));
  expect(await waitForBuild(id)).toMatchObject({ status: 'failed', problem: { code: 'ssh.lost' } });
  await waitForStatus('alone', isUp, since);
  const last = await waitForBuild((await start()).id);
  expect(last.status).toBe('done');
  expect(last.jobs[0]?.steps.slice(-2)).toMatchObject([{ cached: true }, { cached: true }]);
});

describe('a connection that is changed during a build', () => {
  /** The processes on a node that sleep for a number of seconds, which no other build has. */
  const sleeping = async (node: string, seconds: number): Promise<string> =>
    (
      await runOnNode(
        node,
        `grep -lsa 'sleep.[${`${seconds}`[0]}]${`${seconds}`.slice(1)}' /proc/[0-9]*/cmdline || true`,
      )
    ).stdout;
  const secondsOfStep = (): number => 100_000 + Math.floor(Math.random() * 800_000);

  test.each([
    ['podman', 'amd-b'],
    ['docker', 'docker-a'],
  ])('is closed after the step was stopped on its node with %s, and the build moves', async (_engine, node) => {
    await startApp();
    const sshd = await addConnection('removed', node);
    await addConnection('steady', 'amd-a');
    const seconds = secondsOfStep();
    const context = await slowProject(seconds);
    const { id } = await call('builds.start', {
      context,
      reference: 'removed:1',
      connections: ['removed', 'steady'],
      pins: { 'linux/amd64': 'removed' },
      platforms: ['linux/amd64'],
    });
    await waitForEvent(isWaiting);
    expect(await sleeping(node, seconds)).not.toBe('');
    const since = events.length;
    await call('connections.remove', { name: 'removed' });
    expect(await sleeping(node, seconds)).toBe('');
    expect(await sessionPids(node, sshd)).toEqual([]);
    await waitForEvent(isWaiting, since);
    expect((await call('builds.get', { id })).jobs).toMatchObject([
      {
        node: 'steady',
        lost: [{ node: 'removed', problem: { message: 'The connection removed was removed during the build.' } }],
      },
    ]);
    await call('builds.cancel', { id });
    expect(await sleeping('amd-a', seconds)).toBe('');
  });

  test('fails a build that has no other node with that reason, and leads elsewhere from then on', async () => {
    await startApp();
    await addConnection('moved', 'amd-b');
    const elsewhere = await addConnection('elsewhere', 'amd-a');
    const seconds = secondsOfStep();
    const context = await slowProject(seconds);
    const { id } = await call('builds.start', { context, reference: 'changed:1', connections: ['moved'] });
    await waitForEvent(isWaiting);
    const uri = `ssh://root@127.0.0.1:${elsewhere.port}${lab.node('amd-a').socket}`;
    await call('connections.update', { name: 'moved', uri });
    expect(await sleeping('amd-b', seconds)).toBe('');
    expect(await waitForBuild(id)).toMatchObject({ status: 'failed', problem: { code: 'connection.changed' } });
    expect(await probe('moved')).toMatchObject([{ state: 'up', node: { hostname: expect.stringContaining('amd-a') } }]);
  });

  test('stays open if it is only renamed, and the build goes on', async () => {
    await startApp();
    const sshd = await addConnection('before', 'amd-b');
    const context = await slowProject(4);
    const { id } = await call('builds.start', { context, reference: 'renamed:1', connections: ['before'] });
    await waitForEvent(isWaiting);
    const pids = await sessionPids('amd-b', sshd);
    await call('connections.update', { name: 'before', rename: 'after' });
    expect(await call('nodes.list', {})).toMatchObject([{ state: 'up', connection: 'after' }]);
    expect(await waitForBuild(id)).toMatchObject({ status: 'done', jobs: [{ node: 'before', lost: [] }] });
    expect(await probe('after')).toMatchObject([{ state: 'up' }]);
    expect(await sessionPids('amd-b', sshd)).toEqual(pids);
  });
});

describe.each([
  ['a server with MaxSessions 2', ['MaxSessions 2']],
  ['a server with MaxSessions 2 and without socket forwarding', ['MaxSessions 2', 'AllowStreamLocalForwarding no']],
  ['a server with MaxSessions 1 and without socket forwarding', ['MaxSessions 1', 'AllowStreamLocalForwarding no']],
])('%s', (_server, config) => {
  test('builds two projects in parallel, and can be probed and pruned meanwhile', async () => {
    await startApp();
    await addConnection('narrow', 'amd-b', config);
    const ids = await Promise.all(
      ['one:1', 'two:1'].map(async (reference) => {
        const context = await slowProject(3);
        return (await call('builds.start', { context, reference, connections: ['narrow'] })).id;
      }),
    );
    await waitForEvent(isWaiting);
    const probes = Promise.all([probe('narrow'), probe('narrow'), prune('narrow')]);
    const builds = await Promise.all(ids.map(waitForBuild));
    expect(builds.map((build) => [build.status, build.problem])).toEqual([
      ['done', undefined],
      ['done', undefined],
    ]);
    const [one, other, pruned] = await probes;
    expect([...one, ...other]).toMatchObject([{ state: 'up' }, { state: 'up' }]);
    expect(pruned[0]).not.toHaveProperty('problem');
    expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
  });

  test('can cancel one of two builds', async () => {
    await startApp();
    await addConnection('narrow', 'amd-b', config);
    // the first one ends long after the limit of the test, unless it is cancelled
    const [context, other] = [await slowProject(600), await slowProject(4)];
    const { id } = await call('builds.start', { context, reference: 'cancelled:1', connections: ['narrow'] });
    await waitForEvent(isWaiting);
    const beside = call('builds.start', { context: other, reference: 'beside:1', connections: ['narrow'] });
    await call('builds.cancel', { id });
    expect((await waitForBuild(id)).status).toBe('cancelled');
    expect(await waitForBuild((await beside).id)).toMatchObject({ status: 'done' });
  });
});

test('an idle connection is closed, the node stays up, and the next use opens it again', async () => {
  await startApp({ idleMs: 1_000 });
  const sshd = await addConnection('quiet', 'amd-a');
  await probe('quiet');
  await expect.poll(() => sessionPids('amd-a', sshd), { timeout: 30_000, interval: 300 }).toEqual([]);
  expect(await call('nodes.list', {})).toMatchObject([{ connection: 'quiet', state: 'up' }]);
  expect(events.some((each) => each.event === 'node.changed' && isDown(each.status))).toBe(false);
  expect(await probe('quiet')).toMatchObject([{ state: 'up' }]);
  expect(await sessionPids('amd-a', sshd)).not.toEqual([]);
  // the connection is not idle during a long build
  const context = await slowProject(4);
  const { id } = await call('builds.start', { context, reference: 'long:1', connections: ['quiet'] });
  expect(await waitForBuild(id)).toMatchObject({ status: 'done', jobs: [{ node: 'quiet' }] });
});

describe('the commands on a node end', () => {
  /** A program that opens a session and starts commands that neither read nor write: a plain one, and a bound stream. */
  const program = (port: number, identity: string, seconds: number): string => `
    import { openSession } from './electron/ssh/session.ts';
    import { KnownHosts } from './electron/ssh/known-hosts/known-hosts.ts';
    const session = await openSession({
      name: 'doomed', host: '127.0.0.1', port: ${port}, user: 'root', agentSocket: '',
      identity: ${JSON.stringify(identity)},
      knownHosts: await KnownHosts.load([process.env.BARNRAISER_KNOWN_HOSTS]),
      decideHostKey: async () => false,
    });
    session.run('sleep ${seconds}').catch(() => undefined);
    (await session.openCommand('sleep ${seconds}', { isBound: true })).on('error', () => undefined);
    console.log((await session.run('echo ready')).stdout.trim());
    process.stdin.on('data', () => session.close().then(() => process.exit(0)));
    setInterval(() => undefined, 1000);
  `;

  test.each(['is killed', 'closes its session', 'loses its connection'])('when our process %s', async (event) => {
    await startApp();
    const sshd = await addConnection('doomed', 'amd-a');
    const { identity } = lab.node('amd-a');
    const seconds = 40_000 + (sshd.port % 10_000);
    // the brackets keep grep from finding its own command line
    const pattern = `${String(seconds).slice(0, -1)}[${String(seconds).slice(-1)}]`;
    const countCommands = async (): Promise<number> => {
      const command = `grep -lsaE 'sleep.*${pattern}' /proc/[0-9]*/cmdline | wc -l`;
      return Number((await runOnNode('amd-a', command)).stdout);
    };
    expect(await countCommands()).toBe(0);
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program(sshd.port, identity, seconds)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    cleanups.push(() => child.kill('SIGKILL'));
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    expect(line).toBe('ready');
    expect(await countCommands()).toBeGreaterThan(2);
    if (event === 'is killed') {
      child.kill('SIGKILL');
    } else if (event === 'closes its session') {
      child.stdin.write('close\n');
    } else {
      await sendSignal('amd-a', 'KILL', await sessionPids('amd-a', sshd));
    }
    await expect.poll(countCommands, { timeout: 30_000, interval: 300 }).toBe(0);
    await expect.poll(() => sessionPids('amd-a', sshd), { timeout: 30_000, interval: 300 }).toEqual([]);
  });
});
