/** The way to a node, stage by stage: where each failure lands, what is said and offered there, and what is left behind. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { planFix } from '../electron/connections/check/fix-commands.ts';
import { lookCommand, readFacts } from '../electron/connections/check/node-facts.ts';
import { readHandlers } from '../electron/engines/binfmt.ts';
import { type Check, type CheckStep, type Stage, stageSchema } from '../shared/check.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import type { Answer } from '../shared/question.ts';
import { makeProject, Person, theLab } from './harness.ts';
import { mustRun, type Outcome, run } from './lab/command.ts';
import { type ExtraSshd, nodeShell, startExtraSshd } from './lab/lab.ts';

const lab = await theLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const { identity } = amdA;

let home: string;
let app: App;
/** What a person would answer to a host key that is new. */
let answer: Answer | undefined;
let changes: Check[];
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-check-'));
  answer = 'trust';
  changes = [];
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', join(home, 'known_hosts'));
  vi.stubEnv('BARNRAISER_SSH_CONFIG', 'none');
  app = await createApp({ frontEnd: 'browser', home: join(home, 'data') });
  app.subscribe((event) => {
    if (event.event === 'question.asked' && answer) {
      void app.call('questions.answer', { id: event.question.id, answer });
    }
    if (event.event === 'check.changed') {
      changes.push(event.check);
    }
  });
});

afterEach(async () => {
  await app.close();
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  return result.ok ? result.value : expect.fail(JSON.stringify(result.problem));
}

async function check(uri: string, key = identity): Promise<Check> {
  await call('connections.add', { name: 'node', uri, identity: key });
  return call('connections.check', { name: 'node' });
}

/** The states of the rungs, those that were never tried left out. */
function states({ steps: rungs }: Check): string[] {
  return rungs
    .filter(({ state }) => state !== 'waiting')
    .map(({ hop, stage, state }) => `${hop ? `${hop} ` : ''}${stage} ${state}`);
}

function rung({ steps: rungs }: Check, stage: Stage, hop?: string): CheckStep {
  return rungs.find((candidate) => candidate.stage === stage && candidate.hop === hop) ?? expect.fail(`no ${stage}`);
}

const passedUntil = (stage: Stage): string[] => {
  const before = stageSchema.options.slice(0, stageSchema.options.indexOf(stage));
  return before.map((name) => `${name} passed`);
};

async function extraSshd(node: string, config: readonly string[], hidden: readonly string[] = []): Promise<ExtraSshd> {
  const sshd = await startExtraSshd(node, { config, hidden });
  cleanups.push(() => sshd.stop());
  return sshd;
}

async function sshConfig(text: string): Promise<void> {
  await writeFile(join(home, 'ssh_config'), text);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', join(home, 'ssh_config'));
}

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer(onConnection).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : expect.fail('no port');
}

const rootAt = (port: number, path = ''): string => `ssh://root@127.0.0.1:${port}${path}`;

/** What an engine that was started for us leaves on a node: folders and processes. */
async function leftBehind(node: string): Promise<string> {
  // in brackets, so that this command does not find itself
  const look = `ls -d /tmp/barnraiser-* /run/user/*/barnraiser-* 2>/dev/null
    for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file 2>/dev/null | grep -e '[u]nix:///tmp/barnraiser-' -e '[s]leep 5432'; done`;
  return (await nodeShell(node, look)).stdout.trim();
}

/** What a build that was killed leaves in the node's storage, as a machine that dies does. */
const removeContainers = 'podman ps --all --external --quiet | xargs --no-run-if-empty podman rm --force';

const leavesNothing = (node: string): Promise<void> =>
  vi.waitFor(async () => expect(await leftBehind(node)).toBe(''), { timeout: 30_000, interval: 200 });

describe('a node that works', () => {
  test('passes every stage, each with its time and what it found', async () => {
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(stageSchema.options.map((stage) => `${stage} passed`));
    expect(result.steps.every(({ tookMs }) => tookMs !== undefined)).toBe(true);
    expect(result.status).toBe('passed');
    expect(result.tookMs).toBeGreaterThan(0);
    const fingerprint = (await mustRun(['ssh-keygen', '-l', '-f', amdB.knownHosts])).split(' ')[1] ?? '';
    expect(rung(result, 'port').said).toBe(`127.0.0.1:${amdB.port}`);
    expect(rung(result, 'host-key').said).toBe(`ED25519 ${fingerprint}, accepted just now`);
    expect(rung(result, 'sign-in').said).toContain(identity);
    expect(rung(result, 'socket').said).toBe(amdB.socket);
    expect(rung(result, 'engine').said).toBe('podman 5.4.2, as root');
    expect(rung(result, 'platforms').said).toBe('linux/amd64');
    expect(rung(result, 'emulation').said).toContain('linux/arm64');
    expect(rung(result, 'disk').said).toMatch(/ GB of .* GB free/);
    expect(rung(result, 'forwarding').said).toBe('stream-local');
    expect(rung(result, 'return').said).toMatch(/^127\.0\.0\.1:\d+ leads back$/);
  });

  test('is told of from the start with every stage, and then stage by stage', async () => {
    const result = await check(amdB.uri);
    expect(changes[0]?.steps.map(({ stage, state }) => `${stage} ${state}`)).toEqual(
      stageSchema.options.map((stage) => `${stage} waiting`),
    );
    const running = changes.flatMap(({ steps: rungs }) => rungs.find(({ state }) => state === 'running')?.stage ?? []);
    expect([...new Set(running)]).toEqual(stageSchema.options);
    expect(changes.at(-1)).toEqual(result);
  });

  test('is known as what the check found, and its key as known', async () => {
    await check(amdB.uri);
    expect(await call('nodes.list', {})).toMatchObject([
      { state: 'up', connection: 'node', node: { version: '5.4.2', platform: 'linux/amd64' } },
    ]);
    const again = await call('connections.check', { name: 'node' });
    expect(rung(again, 'host-key').said).toMatch(/, known$/);
  });

  test('is checked once however many ask at the same time', async () => {
    await call('connections.add', { name: 'node', uri: amdB.uri, identity });
    const [one, other] = await Promise.all([1, 2].map(() => call('connections.check', { name: 'node' })));
    expect(one).toEqual(other);
    expect(new Set(changes.map(({ startedAt }) => startedAt)).size).toBe(1);
  });
});

describe('on the way to the host', () => {
  test('a name that nobody knows fails at the name', async () => {
    const result = await check('ssh://root@no-such-host.invalid/x.sock');
    expect(states(result)).toEqual(['name failed']);
    expect(rung(result, 'name').problem?.message).toMatch(/no-such-host\.invalid.*(no name server knows|looked up)/);
    expect(rung(result, 'name').fixes[0]).toMatchObject({ command: 'ssh root@no-such-host.invalid', where: 'here' });
    expect(await call('nodes.list', {})).toMatchObject([{ state: 'down', problem: { code: 'ssh.unreachable' } }]);
  });

  test('a port that refuses fails at the port', async () => {
    const result = await check(rootAt(1, '/x.sock'));
    expect(states(result)).toEqual(['name passed', 'port failed']);
    expect(rung(result, 'port').problem?.message).toMatch(/127\.0\.0\.1:1 refused/);
  });

  test('a server that says hello and then nothing has a port and no host key', async () => {
    const port = await listen((socket) => socket.on('error', () => undefined).write('SSH-2.0-OpenSSH_9.9\r\n'));
    await sshConfig('Host *\n  ConnectTimeout 1\n');
    const result = await check(rootAt(port, '/x.sock'));
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    expect(rung(result, 'host-key').problem).toMatchObject({
      code: 'ssh.timeout',
      message: expect.stringContaining('its SSH handshake was not over within 1 s'),
    });
  });

  test('a changed host key fails there, with the command that forgets the old one and no fix', async () => {
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'other')]);
    const other = (await readFile(join(home, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    await writeFile(join(home, 'known_hosts'), `[127.0.0.1]:${amdB.port} ${other}\n`);
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    const { problem, fixes } = rung(result, 'host-key');
    expect(problem?.code).toBe('ssh.host-key-changed');
    expect(fixes).toMatchObject([{ command: expect.stringMatching(/^ssh-keygen -R /), where: 'here' }]);
    expect(fixes.every(({ fix }) => fix === undefined)).toBe(true);
  });

  test('a new host key that a person refuses fails there', async () => {
    answer = 'refuse';
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    expect(rung(result, 'host-key').problem?.code).toBe('ssh.host-key-unknown');
  });

  test('known hosts that cannot be read fail at the host key, before anything is contacted', async () => {
    await mkdir(join(home, 'known_hosts'));
    const result = await check(amdB.uri);
    expect(rung(result, 'host-key')).toMatchObject({ state: 'failed', problem: { code: 'ssh.known-hosts' } });
    expect(rung(result, 'port').state).toBe('waiting');
  });

  test('a configuration that leads nowhere fails at the name', async () => {
    await sshConfig('Host goal\n  ProxyUseFdpass yes\n  ProxyCommand nc %h %p\n');
    const result = await check('ssh://root@goal');
    expect(states(result)).toEqual(['name failed']);
    expect(rung(result, 'name').problem?.code).toBe('ssh.config');
  });

  test('a user whom the server does not know, and a key that it refuses, fail at the sign-in', async () => {
    const nobody = await check(amdB.uri.replace('root@', 'nobody-here@'));
    expect(states(nobody)).toEqual([...passedUntil('sign-in'), 'sign-in failed']);
    expect(rung(nobody, 'sign-in').problem?.message).toContain('nobody-here');

    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'refused')]);
    await call('connections.update', { name: 'node', uri: amdB.uri, identity: join(home, 'refused') });
    const refused = await call('connections.check', { name: 'node' });
    expect(states(refused)).toEqual([...passedUntil('sign-in'), 'sign-in failed']);
    expect(rung(refused, 'sign-in').problem?.message).toContain(join(home, 'refused'));
    expect(rung(refused, 'sign-in').fixes).toMatchObject([{ command: expect.stringMatching(/^ssh-copy-id /) }]);
  });
});

describe('through a jump host', () => {
  beforeEach(async () => {
    await sshConfig(`Host goal gone nameless
      ProxyJump edge
      IdentityFile ${identity}
    Host edge
      HostName localhost
      Port ${amdA.port}
      IdentityFile ${identity}
    Host goal
      HostName 127.0.0.1
      Port ${amdB.port}
    Host gone
      HostName localhost
      Port 1
    Host nameless
      HostName no-such-host.invalid
    Host *
      User root
    `);
  });
  const edge = ['name', 'port', 'host-key', 'sign-in'].map((stage) => `edge ${stage} passed`);

  test('the first stages come for each host, known before anything is contacted', async () => {
    const result = await check('ssh://goal/run/podman/podman.sock');
    expect(states(result)).toEqual([...edge, ...stageSchema.options.map((stage) => `${stage} passed`)]);
    expect(changes[0]?.steps.filter(({ hop }) => hop === 'edge')).toHaveLength(4);
    expect(rung(result, 'name', 'edge').said).toContain('127.0.0.1');
  });

  test('a port that refuses the jump host is the port of the host behind it', async () => {
    const result = await check('ssh://gone/x.sock');
    expect(states(result)).toEqual([...edge, 'name passed', 'port failed']);
    expect(rung(result, 'name').said).toBe('looked up by edge');
    expect(rung(result, 'port').problem?.message).toContain('jump host edge could not reach it at localhost:1');
  });

  test('a name that the jump host does not know is the name of the host behind it', async () => {
    const result = await check('ssh://nameless/x.sock');
    expect(states(result)).toEqual([...edge, 'name failed']);
  });

  test('a jump host that lets nobody in fails at its own sign-in', async () => {
    await sshConfig(`Host goal\n ProxyJump nobody-here@127.0.0.1:${amdA.port}\nHost *\n IdentityFile ${identity}\n`);
    const result = await check('ssh://root@goal/x.sock');
    expect(states(result).at(-1)).toBe('127.0.0.1 sign-in failed');
    expect(rung(result, 'sign-in').state).toBe('waiting');
  });
});

describe('the socket', () => {
  test('that is missing fails there, and the fix that finds the engine makes the connection work', async () => {
    const result = await check(rootAt(amdB.port, '/run/nothing.sock'));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(rung(result, 'socket').problem?.message).toBe('Node node: no podman socket at /run/nothing.sock.');
    expect(rung(result, 'socket').fixes).toMatchObject([{ fix: 'find-engine' }]);
    await call('connections.fix', { name: 'node', fix: 'find-engine' });
    expect((await call('connections.list', {}))[0]?.uri).toBe(rootAt(amdB.port));
    expect((await call('connections.check', { name: 'node' })).status).toBe('passed');
  });

  test('on which nobody listens fails there as dead', async () => {
    const path = `/tmp/dead-${amdB.port}.sock`;
    await nodeShell(
      'amd-b',
      `podman system service --time=0 unix://${path} & until [ -S ${path} ]; do sleep 0.1; done; kill -9 $!`,
    );
    cleanups.push(() => nodeShell('amd-b', `rm ${path}`));
    const result = await check(rootAt(amdB.port, path));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(rung(result, 'socket').problem?.message).toBe(`Node node: nobody listens on the socket ${path}.`);
  });
});

describe('a server that refuses', () => {
  test('stream-local forwarding is reached through a command, with a warning', async () => {
    const { port } = await extraSshd('amd-a', ['AllowStreamLocalForwarding no']);
    const result = await check(rootAt(port, amdA.socket));
    expect(states(result)).toEqual([...passedUntil('forwarding'), 'forwarding warned', 'return passed']);
    expect(result.status).toBe('passed');
    expect(rung(result, 'forwarding').said).toBe('through `podman system dial-stdio`');
    expect(rung(result, 'forwarding').problem?.fix).toContain('AllowStreamLocalForwarding');
  });

  test('forwarding of ports gets its images back whole, with a warning', async () => {
    const { port } = await extraSshd('amd-b', ['AllowTcpForwarding local']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('return'), 'return warned']);
    expect(result.status).toBe('passed');
    expect(rung(result, 'return').problem).toMatchObject({ code: 'ssh.forwarding-refused' });
  });

  test('all forwarding works all the same', async () => {
    const { port } = await extraSshd('amd-b', ['DisableForwarding yes']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('forwarding'), 'forwarding warned', 'return warned']);
    expect(result.status).toBe('passed');
  });

  test('commands has what they tell left open', async () => {
    const { port } = await extraSshd('amd-b', ['ForceCommand /bin/false']);
    const result = await check(rootAt(port, amdB.socket));
    expect(result.status).toBe('passed');
    expect(rung(result, 'emulation')).toMatchObject({
      state: 'warned',
      problem: { code: 'engine.emulation', message: expect.stringContaining('cannot be known') },
    });
    await call('connections.update', { name: 'node', uri: rootAt(port) });
    const pathless = await call('connections.check', { name: 'node' });
    expect(states(pathless).at(-1)).toBe('socket failed');
    expect(rung(pathless, 'socket').problem?.message).toContain('runs no commands of ours');
  });

  test('commands and forwarding fails at the forwarding', async () => {
    const { port } = await extraSshd('amd-b', ['ForceCommand /bin/false', 'AllowStreamLocalForwarding no']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('engine'), 'forwarding failed']);
    expect(rung(result, 'forwarding').problem?.code).toBe('ssh.forwarding-refused');
  });

  test('more than two sessions is enough, also where each request takes one', async () => {
    const { port } = await extraSshd('amd-b', ['MaxSessions 2', 'AllowStreamLocalForwarding no']);
    expect((await check(rootAt(port, amdB.socket))).status).toBe('passed');
  });
});

describe('a node with the podman command and no socket', () => {
  const hidden = ['/run/podman'];

  test('is used through a service that is started for the check, and nothing of it stays', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const result = await check(rootAt(port));
    expect(states(result)).toEqual(stageSchema.options.map((stage) => `${stage} passed`));
    expect(rung(result, 'socket').said).toMatch(/^\/tmp\/barnraiser-\w{8}\/podman\.sock, started by its command$/);
    expect(await leftBehind('amd-b')).toBe('');
  });

  test('works with two sessions and without stream-local forwarding too', async () => {
    const { port } = await extraSshd('amd-a', ['MaxSessions 2', 'AllowStreamLocalForwarding no'], hidden);
    const result = await check(rootAt(port));
    expect(result.status).toBe('passed');
    expect(rung(result, 'socket').said).toContain('started by its command');
    expect(await leftBehind('amd-a')).toBe('');
  });

  test('fails with what podman says where it cannot be started', async () => {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const { port } = await extraSshd('amd-b', [`SetEnv ${path} CONTAINERS_CONF=/nowhere/containers.conf`], hidden);
    const result = await check(rootAt(port));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(rung(result, 'socket').problem?.detail).toContain('/nowhere/containers.conf');
    expect(await leftBehind('amd-b')).toBe('');
  });

  test('fails where the connection names the socket, and offers to find the engine', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(rung(result, 'socket').fixes.map(({ fix }) => fix)).toContain('find-engine');
  });

  test('keeps nothing of the service when the line breaks', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const through = new Set<Socket>();
    const front = await listen((socket) => {
      const onward = connect(port, '127.0.0.1');
      through.add(socket).add(onward);
      socket.on('error', () => undefined).pipe(onward);
      onward.on('error', () => undefined).pipe(socket);
    });
    await call('connections.add', { name: 'node', uri: rootAt(front), identity });
    expect(await call('nodes.probe', { connections: ['node'] })).toMatchObject([{ state: 'up' }]);
    expect(await leftBehind('amd-b')).toContain('podman system service');
    for (const socket of through) {
      socket.resetAndDestroy();
    }
    await leavesNothing('amd-b');
  });

  test('keeps nothing of the service and its build when Barnraiser is killed in mid-build', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const person = await Person.create();
    const folder = await makeProject({ Containerfile: `${lab.from}RUN echo waiting; sleep 5432\n` });
    cleanups.push(
      () => person.remove(),
      () => rm(folder, { recursive: true }),
      () => nodeShell('amd-b', removeContainers),
    );
    await person.must('connection', 'add', 'node', rootAt(port), '--identity', identity, '--accept-new-host-keys');
    const running = person.start('build', '--json', '-t', 'killed:1', '--platform', 'linux/amd64', folder);
    await running.line((line) => line.includes('"job.log"') && line.includes('"waiting"'));
    expect(await leftBehind('amd-b')).toContain('sleep 5432');
    running.process.kill('SIGKILL');
    await leavesNothing('amd-b');
  });
});

describe('the fix that registers emulators', () => {
  /** Since Linux 6.7 a user namespace has handlers of its own: what is tried there is no other's. */
  const ownKernelTables = async (script: string): Promise<Outcome> =>
    run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', `${ownTables}\n${script}`]);
  const ownTables = `mount -t tmpfs none /usr/lib/binfmt.d && mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
    printf '%s\n' ':qemu-s390x:M::\\x7fELF\\x02\\x02\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x16:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff:/bin/true:F' >/usr/lib/binfmt.d/qemu-s390x.conf`;

  test('registers what is installed, and switches on what is switched off', async (context) => {
    if ((await ownKernelTables('true')).code !== 0) {
      context.skip('this kernel has no handlers of a user namespace, or allows none');
    }
    const look = `( ${lookCommand} )`;
    const factsOf = ({ stdout }: Outcome) => readFacts(stdout) ?? expect.fail(stdout);
    const bare = { ...factsOf(await ownKernelTables(look)), hasSystemd: false };
    expect(bare).toMatchObject({ uid: 0, hasBinfmtLines: true });
    expect(readHandlers(bare.handlers).platforms).toEqual([]);

    const register = planFix('load-binfmt', bare)?.program;
    const loaded = factsOf(await ownKernelTables(`( ${register} ) >/dev/null && ${look}`));
    expect(readHandlers(loaded.handlers).platforms).toEqual(['linux/s390x']);

    const off = `( ${register} ) >/dev/null && echo 0 >/proc/sys/fs/binfmt_misc/qemu-s390x`;
    const disabled = factsOf(await ownKernelTables(`${off} && ${look}`));
    expect(readHandlers(disabled.handlers).disabled).toEqual(['linux/s390x']);
    const switchOn = planFix('load-binfmt', disabled)?.program;
    const again = factsOf(await ownKernelTables(`${off} && ( ${switchOn} ) >/dev/null && ${look}`));
    expect(readHandlers(again.handlers).platforms).toEqual(['linux/s390x']);
  });
});

describe('a check that is cancelled', () => {
  test.each(stageSchema.options)('at stage %s ends at once and leaves nothing open', async (stage) => {
    const uri = `ssh://root@localhost:${amdB.port}${amdB.socket}`;
    await call('connections.add', { name: 'node', uri, identity });
    app.subscribe((event) => {
      if (event.event === 'check.changed' && rung(event.check, stage).state === 'running') {
        void app.call('connections.cancelCheck', { name: 'node' });
      }
    });
    const result = await call('connections.check', { name: 'node' });
    expect(result.status).toBe('cancelled');
    expect(result.steps.some(({ state }) => state === 'running' || state === 'failed')).toBe(false);
    // nothing was found out about the node
    expect((await call('nodes.list', {})).every(({ state }) => state === 'up')).toBe(true);
  });

  test('while a question is open takes the question back', async () => {
    answer = undefined;
    const asked = new Promise<string>((found) => {
      app.subscribe((event) => {
        if (event.event === 'question.asked') {
          found(event.question.id);
        }
      });
    });
    const settled = new Promise<string>((found) => {
      app.subscribe((event) => {
        if (event.event === 'question.settled') {
          found(event.id);
        }
      });
    });
    const checked = check(amdB.uri);
    const id = await asked;
    await call('connections.cancelCheck', { name: 'node' });
    expect((await checked).status).toBe('cancelled');
    expect(await settled).toBe(id);
    expect(await call('questions.list', {})).toEqual([]);
  });

  test('while a silent server is waited for ends without waiting', async () => {
    const port = await listen(() => undefined);
    await call('connections.add', { name: 'node', uri: rootAt(port), identity });
    const checked = call('connections.check', { name: 'node' });
    await expect.poll(() => changes.at(-1)?.steps.find(({ state }) => state === 'running')?.stage).toBe('host-key');
    await call('connections.cancelCheck', { name: 'node' });
    expect((await checked).status).toBe('cancelled');
  });
});

describe('this computer', () => {
  const inside = '/run/barnraiser-host';
  const root = resolve(import.meta.dirname, '..');

  afterAll(async () => {
    await nodeShell('amd-b', `umount -l ${inside}/usr ${inside}/repo; rm -r ${inside}`);
  });

  /** The command that runs the terminal door inside a node, where podman is and, in mounts of its own, no socket. */
  async function insideNode(args: string): Promise<string> {
    await nodeShell(
      'amd-b',
      `mountpoint -q ${inside}/usr || { mkdir -p ${inside}/usr ${inside}/repo
        # the path is the node's own to whoever resolves it, hence -c
        mount -c --bind /proc/1/root/usr ${inside}/usr && mount -c --bind /proc/1/root${root} ${inside}/repo; }`,
    );
    const libraries = `${inside}/usr/lib/x86_64-linux-gnu`;
    const node = process.execPath.replace(/^\/usr\//, `${inside}/usr/`);
    const program = `${libraries}/ld-linux-x86-64.so.2 --library-path ${libraries} ${node} --import tsx electron/cli.ts`;
    const place = `mount -t tmpfs none /run/podman && cd ${inside}/repo && export BARNRAISER_HOME=${homeInside}`;
    return `unshare --mount sh -c '${place} && exec ${program} ${args}'`;
  }

  const homeInside = '/tmp/check-here';
  const addThisComputer = async (): Promise<void> => {
    cleanups.push(() => nodeShell('amd-b', `rm -rf ${homeInside}`));
    const added = await nodeShell('amd-b', await insideNode('connection add this-computer local: --no-test'));
    expect(added.code, added.stderr).toBe(0);
  };
  const canRunInside = process.execPath.startsWith('/usr/');

  test.skipIf(!canRunInside)(
    'has its podman started where only the command is there, and nothing of it stays',
    async () => {
      await addThisComputer();
      const command = await insideNode('connection test this-computer --json');
      const { code, stdout, stderr } = await nodeShell('amd-b', command);
      expect(code, stderr).toBe(0);
      const result: Check = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(states(result)).toEqual(
        ['socket', 'engine', 'platforms', 'emulation', 'disk'].map((stage) => `${stage} passed`),
      );
      expect(rung(result, 'socket').said).toMatch(/^\/tmp\/barnraiser-\w{8}\/podman\.sock, started by its command$/);
      expect(rung(result, 'engine').said).toBe('podman 5.4.2, as root');
      expect(await leftBehind('amd-b')).toBe('');
    },
  );

  test.skipIf(!canRunInside)('keeps nothing of its podman when Barnraiser is killed in mid-build', async () => {
    await addThisComputer();
    cleanups.push(() => nodeShell('amd-b', removeContainers));
    const recipe = `${lab.from}RUN echo waiting; sleep 5432\n`;
    await nodeShell('amd-b', `mkdir ${homeInside}/project && printf '${recipe}' >${homeInside}/project/Containerfile`);
    const command = await insideNode(`build -t killed:1 --node this-computer ${homeInside}/project`);
    const started = await nodeShell('amd-b', `${command} >${homeInside}/said 2>&1 </dev/null & echo $!`);
    const pid = started.stdout.trim();
    await vi.waitFor(async () => expect(await leftBehind('amd-b')).toContain('sleep 5432'), {
      timeout: 90_000,
      interval: 500,
    });
    await nodeShell('amd-b', `kill -9 ${pid}`);
    await leavesNothing('amd-b');
  });

  test('without an engine says what to install', async () => {
    const result = await check('local:');
    expect(states(result)).toEqual(['socket failed']);
    expect(rung(result, 'socket').problem).toMatchObject({
      code: 'engine.no-socket',
      fix: expect.stringContaining('Install podman'),
    });
  });
});
