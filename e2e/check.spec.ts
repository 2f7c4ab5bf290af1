/** The connection check against real nodes: the stage at which each failure is reported, its message and fixes, and cleaning up. */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { fixCommandFor } from '../electron/connections/check/fix-commands.ts';
import { factsCommand, parseNodeFacts } from '../electron/connections/check/node-facts.ts';
import { readHandlers } from '../electron/engines/binfmt.ts';
import { type Check, type CheckStep, type Stage, sshStages } from '../shared/check.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import type { Answer } from '../shared/question.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun, type Outcome, run } from './lab/command.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const { identity } = amdA;

let home: string;
let app: App;
/** The answer to questions about unknown host keys; without it, questions stay open. */
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

/** The states of the steps that were tried. */
function states({ steps }: Check): string[] {
  return steps
    .filter(({ state }) => state !== 'waiting')
    .map(({ hop, stage, state }) => `${hop ? `${hop} ` : ''}${stage} ${state}`);
}

function stepOf({ steps }: Check, stage: Stage, hop?: string): CheckStep {
  return steps.find((candidate) => candidate.stage === stage && candidate.hop === hop) ?? expect.fail(`no ${stage}`);
}

const passedUntil = (stage: Stage): string[] => {
  const before = sshStages.slice(0, sshStages.indexOf(stage));
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

/** The folders and processes of started engines that are still on a node. */
async function leftovers(node: string): Promise<string> {
  // the brackets keep grep from finding this command itself
  const command = `ls -d /tmp/barnraiser-* /run/user/*/barnraiser-* 2>/dev/null
    for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$file 2>/dev/null | grep -e '[u]nix:///tmp/barnraiser-' -e '[s]leep 5432'; done`;
  return (await runOnNode(node, command)).stdout.trim();
}

/** Removes the containers of a build that was killed. */
const removeContainers = 'podman ps --all --external --quiet | xargs --no-run-if-empty podman rm --force';

const waitForCleanup = (node: string): Promise<void> =>
  vi.waitFor(async () => expect(await leftovers(node)).toBe(''), { timeout: 30_000, interval: 200 });

describe('a node that works', () => {
  test('passes every stage, with times and findings', async () => {
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(sshStages.map((stage) => `${stage} passed`));
    expect(result.steps.every(({ tookMs }) => tookMs !== undefined)).toBe(true);
    expect(result.status).toBe('passed');
    expect(result.tookMs).toBeGreaterThan(0);
    const fingerprint = (await mustRun(['ssh-keygen', '-l', '-f', amdB.knownHosts])).split(' ')[1] ?? '';
    expect(stepOf(result, 'port').finding).toBe(`127.0.0.1:${amdB.port}`);
    expect(stepOf(result, 'host-key').finding).toBe(`ED25519 ${fingerprint}, accepted just now`);
    expect(stepOf(result, 'sign-in').finding).toContain(identity);
    expect(stepOf(result, 'socket').finding).toBe(amdB.socket);
    expect(stepOf(result, 'engine').finding).toBe('podman 5.4.2, rootful');
    expect(stepOf(result, 'platforms').finding).toBe('linux/amd64');
    expect(stepOf(result, 'emulation').finding).toContain('linux/arm64');
    expect(stepOf(result, 'disk').finding).toMatch(/ GB of .* GB free/);
    expect(stepOf(result, 'forwarding').finding).toBe('stream-local');
    expect(stepOf(result, 'reverse-forwarding').finding).toMatch(/^127\.0\.0\.1:\d+ on the node$/);
  });

  test('emits all stages as waiting first, and then one stage after another', async () => {
    const result = await check(amdB.uri);
    expect(changes[0]?.steps.map(({ stage, state }) => `${stage} ${state}`)).toEqual(
      sshStages.map((stage) => `${stage} waiting`),
    );
    const running = changes.flatMap(({ steps }) => steps.find(({ state }) => state === 'running')?.stage ?? []);
    expect([...new Set(running)]).toEqual(sshStages);
    expect(changes.at(-1)).toEqual(result);
  });

  test('updates the status of the node, and knows its host key the next time', async () => {
    await check(amdB.uri);
    expect(await call('nodes.list', {})).toMatchObject([
      { state: 'up', connection: 'node', node: { version: '5.4.2', platform: 'linux/amd64' } },
    ]);
    const again = await call('connections.check', { name: 'node' });
    expect(stepOf(again, 'host-key').finding).toMatch(/, known$/);
  });

  test('is checked once for simultaneous calls', async () => {
    await call('connections.add', { name: 'node', uri: amdB.uri, identity });
    const [one, other] = await Promise.all([1, 2].map(() => call('connections.check', { name: 'node' })));
    expect(one).toEqual(other);
    expect(new Set(changes.map(({ startedAt }) => startedAt)).size).toBe(1);
  });
});

describe('a check of a host', () => {
  test('fails at the name if it cannot be resolved', async () => {
    const result = await check('ssh://root@no-such-host.invalid/x.sock');
    expect(states(result)).toEqual(['name failed']);
    expect(stepOf(result, 'name').problem?.message).toMatch(/no-such-host\.invalid.*(was not found|looked up)/);
    expect(stepOf(result, 'name').fixes[0]).toMatchObject({ command: 'ssh root@no-such-host.invalid', where: 'here' });
    expect(await call('nodes.list', {})).toMatchObject([{ state: 'down', problem: { code: 'ssh.unreachable' } }]);
  });

  test('fails at the port if it refuses the connection', async () => {
    const result = await check(rootAt(1, '/x.sock'));
    expect(states(result)).toEqual(['name passed', 'port failed']);
    expect(stepOf(result, 'port').problem?.message).toMatch(/127\.0\.0\.1:1 refused/);
  });

  test('fails at the host key if the server stops during the handshake', async () => {
    const port = await listen((socket) => socket.on('error', () => undefined).write('SSH-2.0-OpenSSH_9.9\r\n'));
    await sshConfig('Host *\n  ConnectTimeout 1\n');
    const result = await check(rootAt(port, '/x.sock'));
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    expect(stepOf(result, 'host-key').problem).toMatchObject({
      code: 'ssh.timeout',
      message: expect.stringContaining('did not complete the SSH handshake within 1 s'),
    });
  });

  test('fails at a changed host key, with the command that removes the old one but no fix to apply', async () => {
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'other')]);
    const other = (await readFile(join(home, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    await writeFile(join(home, 'known_hosts'), `[127.0.0.1]:${amdB.port} ${other}\n`);
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    const { problem, fixes } = stepOf(result, 'host-key');
    expect(problem?.code).toBe('ssh.host-key-changed');
    expect(fixes).toMatchObject([{ command: expect.stringMatching(/^ssh-keygen -R /), where: 'here' }]);
    expect(fixes.every(({ fix }) => fix === undefined)).toBe(true);
  });

  test('fails at an unknown host key that a person refuses', async () => {
    answer = 'refuse';
    const result = await check(amdB.uri);
    expect(states(result)).toEqual(['name passed', 'port passed', 'host-key failed']);
    expect(stepOf(result, 'host-key').problem?.code).toBe('ssh.host-key-unknown');
  });

  test('fails at the host key before connecting if known_hosts cannot be read', async () => {
    await mkdir(join(home, 'known_hosts'));
    const result = await check(amdB.uri);
    expect(stepOf(result, 'host-key')).toMatchObject({ state: 'failed', problem: { code: 'ssh.known-hosts' } });
    expect(stepOf(result, 'port').state).toBe('waiting');
  });

  test('fails at the name if the SSH configuration cannot be used', async () => {
    await sshConfig('Host goal\n  ProxyUseFdpass yes\n  ProxyCommand nc %h %p\n');
    const result = await check('ssh://root@goal');
    expect(states(result)).toEqual(['name failed']);
    expect(stepOf(result, 'name').problem?.code).toBe('ssh.config');
  });

  test('fails at the sign-in for an unknown user and for a refused key', async () => {
    const unknownUser = await check(amdB.uri.replace('root@', 'no-such-user@'));
    expect(states(unknownUser)).toEqual([...passedUntil('sign-in'), 'sign-in failed']);
    expect(stepOf(unknownUser, 'sign-in').problem?.message).toContain('no-such-user');

    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'refused')]);
    await call('connections.update', { name: 'node', uri: amdB.uri, identity: join(home, 'refused') });
    const refused = await call('connections.check', { name: 'node' });
    expect(states(refused)).toEqual([...passedUntil('sign-in'), 'sign-in failed']);
    expect(stepOf(refused, 'sign-in').problem?.message).toContain(join(home, 'refused'));
    expect(stepOf(refused, 'sign-in').fixes).toMatchObject([{ command: expect.stringMatching(/^ssh-copy-id /) }]);
  });
});

describe('a check through a jump host', () => {
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

  test('has the first four stages for each host, listed before connecting', async () => {
    const result = await check('ssh://goal/run/podman/podman.sock');
    expect(states(result)).toEqual([...edge, ...sshStages.map((stage) => `${stage} passed`)]);
    expect(changes[0]?.steps.filter(({ hop }) => hop === 'edge')).toHaveLength(4);
    expect(stepOf(result, 'name', 'edge').finding).toContain('127.0.0.1');
  });

  test('fails at the port of the host that refuses the jump host', async () => {
    const result = await check('ssh://gone/x.sock');
    expect(states(result)).toEqual([...edge, 'name passed', 'port failed']);
    expect(stepOf(result, 'name').finding).toBe('resolved by edge');
    expect(stepOf(result, 'port').problem?.message).toContain('jump host edge could not reach it at localhost:1');
  });

  test('fails at the name of the host that the jump host cannot resolve', async () => {
    const result = await check('ssh://nameless/x.sock');
    expect(states(result)).toEqual([...edge, 'name failed']);
  });

  test('fails at the sign-in of the jump host', async () => {
    await sshConfig(`Host goal\n ProxyJump no-such-user@127.0.0.1:${amdA.port}\nHost *\n IdentityFile ${identity}\n`);
    const result = await check('ssh://root@goal/x.sock');
    expect(states(result).at(-1)).toBe('127.0.0.1 sign-in failed');
    expect(stepOf(result, 'sign-in').state).toBe('waiting');
  });
});

describe('the socket', () => {
  test('is reported if it is missing, and the fix that detects the engine repairs the connection', async () => {
    const result = await check(rootAt(amdB.port, '/run/nothing.sock'));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(stepOf(result, 'socket').problem?.message).toBe('Node node: no podman socket at /run/nothing.sock.');
    expect(stepOf(result, 'socket').fixes).toMatchObject([{ fix: 'find-engine' }]);
    await call('connections.fix', { name: 'node', fix: 'find-engine' });
    expect((await call('connections.list', {}))[0]?.uri).toBe(rootAt(amdB.port));
    expect((await call('connections.check', { name: 'node' })).status).toBe('passed');
  });

  test('is reported if no process listens on it', async () => {
    const path = `/tmp/dead-${amdB.port}.sock`;
    await runOnNode(
      'amd-b',
      `podman system service --time=0 unix://${path} & until [ -S ${path} ]; do sleep 0.1; done; kill -9 $!`,
    );
    cleanups.push(() => runOnNode('amd-b', `rm ${path}`));
    const result = await check(rootAt(amdB.port, path));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(stepOf(result, 'socket').problem?.message).toBe(`Node node: no engine is listening on the socket ${path}.`);
  });
});

describe("docker's socket", () => {
  const { port } = lab.node('docker-a');
  const user = 'kim-check';

  test.each(['', '/var/run/docker.sock'])(
    'of a user who is not in its group is reported for the path %j, with the command that adds the user',
    async (path) => {
      const keys = `/tmp/${user}-keys`;
      cleanups.push(() => runOnNode('docker-a', `sed -i '/^${user}:/d' /etc/passwd; rm ${keys}`));
      const added = await runOnNode(
        'docker-a',
        `echo '${user}:*:4321:4321::/tmp:/bin/sh' >>/etc/passwd && install -m 644 /run/node/authorized_keys ${keys}`,
      );
      expect(added.code, added.stderr).toBe(0);
      const sshd = await startExtraSshd('docker-a', { config: [`AuthorizedKeysFile ${keys}`] });
      cleanups.push(() => sshd.stop());
      const result = await check(`ssh://${user}@127.0.0.1:${sshd.port}${path}`);
      expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
      const { problem, fixes } = stepOf(result, 'socket');
      expect(problem?.message).toBe(
        'Node node: the socket /var/run/docker.sock exists, but this user is not allowed to use it.',
      );
      expect(fixes[0]).toMatchObject({ command: `sudo usermod -aG docker ${user}`, where: 'node' });
    },
  );

  test('that is missing can be started', async () => {
    const result = await check(rootAt(port, '/var/run/nothing/docker.sock'));
    expect(stepOf(result, 'socket').problem?.message).toBe(
      'Node node: no docker socket at /var/run/nothing/docker.sock.',
    );
    expect(stepOf(result, 'socket').fixes.map(({ label }) => label)).toContain('Start docker');
  });
});

describe('a check of a server that refuses', () => {
  test('stream-local forwarding passes with a warning', async () => {
    const { port } = await extraSshd('amd-a', ['AllowStreamLocalForwarding no']);
    const result = await check(rootAt(port, amdA.socket));
    expect(states(result)).toEqual([...passedUntil('forwarding'), 'forwarding warned', 'reverse-forwarding passed']);
    expect(result.status).toBe('passed');
    expect(stepOf(result, 'forwarding').finding).toMatch(/^via `podman --url \S+ system dial-stdio`$/);
    expect(stepOf(result, 'forwarding').problem?.fix).toContain('AllowStreamLocalForwarding');
  });

  test('reverse port forwarding passes with a warning', async () => {
    const { port } = await extraSshd('amd-b', ['AllowTcpForwarding local']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('reverse-forwarding'), 'reverse-forwarding warned']);
    expect(result.status).toBe('passed');
    expect(stepOf(result, 'reverse-forwarding').problem).toMatchObject({ code: 'ssh.forwarding-refused' });
  });

  test('all forwarding passes with two warnings', async () => {
    const { port } = await extraSshd('amd-b', ['DisableForwarding yes']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('forwarding'), 'forwarding warned', 'reverse-forwarding warned']);
    expect(result.status).toBe('passed');
  });

  test('commands warns that emulation is unknown', async () => {
    const { port } = await extraSshd('amd-b', ['ForceCommand /bin/false']);
    const result = await check(rootAt(port, amdB.socket));
    expect(result.status).toBe('passed');
    expect(stepOf(result, 'emulation')).toMatchObject({
      state: 'warned',
      problem: { code: 'engine.emulation', message: expect.stringContaining('it is not known what it can emulate') },
    });
    await call('connections.update', { name: 'node', uri: rootAt(port) });
    const pathless = await call('connections.check', { name: 'node' });
    expect(states(pathless).at(-1)).toBe('socket failed');
    expect(stepOf(pathless, 'socket').problem?.message).toContain("does not run Barnraiser's commands");
  });

  test('commands and forwarding fails at the forwarding', async () => {
    const { port } = await extraSshd('amd-b', ['ForceCommand /bin/false', 'AllowStreamLocalForwarding no']);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('engine'), 'forwarding failed']);
    expect(stepOf(result, 'forwarding').problem?.code).toBe('ssh.forwarding-refused');
  });

  test('more than two sessions passes, also if each request needs one', async () => {
    const { port } = await extraSshd('amd-b', ['MaxSessions 2', 'AllowStreamLocalForwarding no']);
    expect((await check(rootAt(port, amdB.socket))).status).toBe('passed');
  });
});

describe('a node with the podman command and no socket', () => {
  const hidden = ['/run/podman'];

  test('is checked with a service that is started on demand and removed afterwards', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const result = await check(rootAt(port));
    expect(states(result)).toEqual(sshStages.map((stage) => `${stage} passed`));
    expect(stepOf(result, 'socket').finding).toMatch(/^\/tmp\/barnraiser-\w{8}\/podman\.sock, started on demand$/);
    expect(await leftovers('amd-b')).toBe('');
  });

  test('passes with two sessions and without stream-local forwarding', async () => {
    const { port } = await extraSshd('amd-a', ['MaxSessions 2', 'AllowStreamLocalForwarding no'], hidden);
    const result = await check(rootAt(port));
    expect(result.status).toBe('passed');
    expect(stepOf(result, 'socket').finding).toContain('started on demand');
    expect(await leftovers('amd-a')).toBe('');
  });

  test('fails with the output of podman if it cannot be started', async () => {
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const { port } = await extraSshd('amd-b', [`SetEnv ${path} CONTAINERS_CONF=/nowhere/containers.conf`], hidden);
    const result = await check(rootAt(port));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(stepOf(result, 'socket').problem?.detail).toContain('/nowhere/containers.conf');
    expect(await leftovers('amd-b')).toBe('');
  });

  test('fails if the connection has a socket path, and offers to detect the engine', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const result = await check(rootAt(port, amdB.socket));
    expect(states(result)).toEqual([...passedUntil('socket'), 'socket failed']);
    expect(stepOf(result, 'socket').fixes.map(({ fix }) => fix)).toContain('find-engine');
  });

  test('removes the service when the connection is lost', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const sockets = new Set<Socket>();
    const proxyPort = await listen((socket) => {
      const target = connect(port, '127.0.0.1');
      sockets.add(socket).add(target);
      socket.on('error', () => undefined).pipe(target);
      target.on('error', () => undefined).pipe(socket);
    });
    await call('connections.add', { name: 'node', uri: rootAt(proxyPort), identity });
    expect(await call('nodes.probe', { connections: ['node'] })).toMatchObject([{ state: 'up' }]);
    expect(await leftovers('amd-b')).toContain('podman system service');
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
    await waitForCleanup('amd-b');
  });

  test('removes the service and its build when Barnraiser is killed during a build', async () => {
    const { port } = await extraSshd('amd-b', [], hidden);
    const person = await Person.create();
    const folder = await makeProject({ Containerfile: `${lab.from}RUN echo waiting; sleep 5432\n` });
    cleanups.push(
      () => person.remove(),
      () => rm(folder, { recursive: true }),
      () => runOnNode('amd-b', removeContainers),
    );
    await person.mustRun('connection', 'add', 'node', rootAt(port), '--identity', identity, '--accept-new-host-keys');
    const running = person.start('build', '--json', '-t', 'killed:1', '--platform', 'linux/amd64', folder);
    await running.waitForLine((line) => line.includes('"job.log"') && line.includes('"waiting"'));
    expect(await leftovers('amd-b')).toContain('sleep 5432');
    running.process.kill('SIGKILL');
    await waitForCleanup('amd-b');
  });
});

describe('the fix that registers emulators', () => {
  /** Runs a script in a user namespace, which has separate binfmt handlers since Linux 6.7. */
  const runWithOwnHandlers = async (script: string): Promise<Outcome> =>
    run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', `${ownHandlers}\n${script}`]);
  const ownHandlers = `mount -t tmpfs none /usr/lib/binfmt.d && mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || exit 77
    printf '%s\n' ':qemu-s390x:M::\\x7fELF\\x02\\x02\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x16:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff:/bin/true:F' >/usr/lib/binfmt.d/qemu-s390x.conf`;

  test('registers installed emulators and enables disabled ones', async (context) => {
    if ((await runWithOwnHandlers('true')).code !== 0) {
      context.skip('this kernel does not support or allow handlers in a user namespace');
    }
    const readFacts = `( ${factsCommand} )`;
    const factsOf = ({ stdout }: Outcome) => parseNodeFacts(stdout) ?? expect.fail(stdout);
    const bare = { ...factsOf(await runWithOwnHandlers(readFacts)), hasSystemd: false };
    expect(bare).toMatchObject({ uid: 0, hasBinfmtConfig: true });
    expect(readHandlers(bare.handlers).platforms).toEqual([]);

    const register = fixCommandFor('load-binfmt', bare)?.program;
    const loaded = factsOf(await runWithOwnHandlers(`( ${register} ) >/dev/null && ${readFacts}`));
    expect(readHandlers(loaded.handlers).platforms).toEqual(['linux/s390x']);

    const disable = `( ${register} ) >/dev/null && echo 0 >/proc/sys/fs/binfmt_misc/qemu-s390x`;
    const disabled = factsOf(await runWithOwnHandlers(`${disable} && ${readFacts}`));
    expect(readHandlers(disabled.handlers).disabled).toEqual(['linux/s390x']);
    const enable = fixCommandFor('load-binfmt', disabled)?.program;
    const again = factsOf(await runWithOwnHandlers(`${disable} && ( ${enable} ) >/dev/null && ${readFacts}`));
    expect(readHandlers(again.handlers).platforms).toEqual(['linux/s390x']);
  });
});

describe('a check that is cancelled', () => {
  test.each(sshStages)('at stage %s ends at once and closes its sessions', async (stage) => {
    const uri = `ssh://root@localhost:${amdB.port}${amdB.socket}`;
    await call('connections.add', { name: 'node', uri, identity });
    app.subscribe((event) => {
      if (event.event === 'check.changed' && stepOf(event.check, stage).state === 'running') {
        void app.call('connections.cancelCheck', { name: 'node' });
      }
    });
    const result = await call('connections.check', { name: 'node' });
    expect(result.status).toBe('cancelled');
    expect(result.steps.some(({ state }) => state === 'running' || state === 'failed')).toBe(false);
    // the status of the node is not changed
    expect((await call('nodes.list', {})).every(({ state }) => state === 'up')).toBe(true);
  });

  test('closes its open question', async () => {
    answer = undefined;
    const asked = new Promise<string>((resolveId) => {
      app.subscribe((event) => {
        if (event.event === 'question.asked') {
          resolveId(event.question.id);
        }
      });
    });
    const closed = new Promise<string>((resolveId) => {
      app.subscribe((event) => {
        if (event.event === 'question.closed') {
          resolveId(event.id);
        }
      });
    });
    const checked = check(amdB.uri);
    const id = await asked;
    await call('connections.cancelCheck', { name: 'node' });
    expect((await checked).status).toBe('cancelled');
    expect(await closed).toBe(id);
    expect(await call('questions.list', {})).toEqual([]);
  });

  test('does not wait for a silent server', async () => {
    const port = await listen(() => undefined);
    await call('connections.add', { name: 'node', uri: rootAt(port), identity });
    const checked = call('connections.check', { name: 'node' });
    await expect.poll(() => changes.at(-1)?.steps.find(({ state }) => state === 'running')?.stage).toBe('host-key');
    await call('connections.cancelCheck', { name: 'node' });
    expect((await checked).status).toBe('cancelled');
  });
});

describe('a check of this computer', () => {
  const inside = '/run/barnraiser-host';
  const root = resolve(import.meta.dirname, '..');

  afterAll(async () => {
    await runOnNode('amd-b', `umount -l ${inside}/usr ${inside}/repo; rm -r ${inside}`);
  });

  /** The command that runs the terminal front end inside a node with podman, in a mount namespace without podman's socket. */
  async function insideNode(args: string): Promise<string> {
    await runOnNode(
      'amd-b',
      `mountpoint -q ${inside}/usr || { mkdir -p ${inside}/usr ${inside}/repo
        # -c: do not resolve the path, which would lead to the node's own files
        mount -c --bind /proc/1/root/usr ${inside}/usr && mount -c --bind /proc/1/root${root} ${inside}/repo; }`,
    );
    const libraries = `${inside}/usr/lib/x86_64-linux-gnu`;
    const node = process.execPath.replace(/^\/usr\//, `${inside}/usr/`);
    const program = `${libraries}/ld-linux-x86-64.so.2 --library-path ${libraries} ${node} --import tsx electron/cli.ts`;
    const prepare = `mount -t tmpfs none /run/podman && cd ${inside}/repo && export BARNRAISER_HOME=${homeInside}`;
    return `unshare --mount sh -c '${prepare} && exec ${program} ${args}'`;
  }

  const homeInside = '/tmp/check-here';
  const addThisComputer = async (): Promise<void> => {
    cleanups.push(() => runOnNode('amd-b', `rm -rf ${homeInside}`));
    const added = await runOnNode('amd-b', await insideNode('connection add this-computer local: --no-test'));
    expect(added.code, added.stderr).toBe(0);
  };
  const canRunInside = process.execPath.startsWith('/usr/');

  test.skipIf(!canRunInside)(
    'starts podman on demand if it has no socket, and removes the service afterwards',
    async () => {
      await addThisComputer();
      const command = await insideNode('connection test this-computer --json');
      const { code, stdout, stderr } = await runOnNode('amd-b', command);
      expect(code, stderr).toBe(0);
      const result: Check = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(states(result)).toEqual(
        ['socket', 'engine', 'platforms', 'emulation', 'disk'].map((stage) => `${stage} passed`),
      );
      expect(stepOf(result, 'socket').finding).toMatch(/^\/tmp\/barnraiser-\w{8}\/podman\.sock, started on demand$/);
      expect(stepOf(result, 'engine').finding).toBe('podman 5.4.2, rootful');
      expect(await leftovers('amd-b')).toBe('');
    },
  );

  test.skipIf(!canRunInside)('removes the podman service when Barnraiser is killed during a build', async () => {
    await addThisComputer();
    cleanups.push(() => runOnNode('amd-b', removeContainers));
    const containerfile = `${lab.from}RUN echo waiting; sleep 5432\n`;
    await runOnNode(
      'amd-b',
      `mkdir ${homeInside}/project && printf '${containerfile}' >${homeInside}/project/Containerfile`,
    );
    const command = await insideNode(`build -t killed:1 --node this-computer ${homeInside}/project`);
    const started = await runOnNode('amd-b', `${command} >${homeInside}/output 2>&1 </dev/null & echo $!`);
    const pid = started.stdout.trim();
    await vi.waitFor(async () => expect(await leftovers('amd-b')).toContain('sleep 5432'), {
      timeout: 90_000,
      interval: 500,
    });
    await runOnNode('amd-b', `kill -9 ${pid}`);
    await waitForCleanup('amd-b');
  });

  test('suggests what to install if there is no engine', async () => {
    const result = await check('local:');
    expect(states(result)).toEqual(['socket failed']);
    expect(stepOf(result, 'socket').problem).toMatchObject({
      code: 'engine.no-socket',
      fix: expect.stringContaining('Install podman'),
    });
  });
});
