/** Engines that are reached over TCP with TLS, through the engine of their container, and through kubectl. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CertificateAuthority, type SignedPair } from '../electron/system/testing/certificate-authority.ts';
import type { CheckStep } from '../shared/check.ts';
import { makeProject, Person, parseCheckReport, setUpLab } from './harness.ts';
import { commandOnNode, type LabNode, runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const dockerNode = lab.node('docker-a');
const buildkitNode = lab.node('buildkit-a');
const container = `reach-${randomBytes(4).toString('hex')}`;
/** The files of a docker on that node, whose only container has a way to the daemon. */
const hostFolder = `/run/${container}`;
const hostSocket = `${hostFolder}/docker.sock`;

let person: Person;
let folder: string;
let authority: CertificateAuthority;
let foreign: CertificateAuthority;
let client: SignedPair;
let dockerPort: number;
let buildkitPort: number;
/** Leads to the docker of the BuildKit node. */
let hostPort: number;
let kubectlLog: string;
let kubectlFolder: string;
const cleanups: (() => unknown)[] = [];
/** The names in the client certificates that the servers have accepted. */
const clients = new Set<string>();

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A port of this computer that leads to a socket on a node. */
async function forward({ port, identity, knownHosts }: LabNode, socket: string): Promise<number> {
  const probe = createServer();
  const local = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  const options = [
    'ExitOnForwardFailure=yes',
    'BatchMode=yes',
    `UserKnownHostsFile=${knownHosts}`,
    'IdentitiesOnly=yes',
  ];
  const args = [...options.flatMap((option) => ['-o', option]), '-F', 'none', '-i', identity, '-p', String(port)];
  const ssh: ChildProcess = spawn('ssh', [...args, '-N', '-L', `127.0.0.1:${local}:${socket}`, 'root@127.0.0.1']);
  cleanups.push(() => ssh.kill());
  await vi.waitFor(
    async () => {
      const stream = connect(local, '127.0.0.1');
      await once(stream, 'connect').finally(() => stream.destroy());
    },
    { timeout: 20_000, interval: 50 },
  );
  return local;
}

/** A port that demands a client certificate, and leads to another port. */
async function secure(target: number, protocol: string): Promise<number> {
  const { cert, key } = await authority.sign('engine');
  const options = { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
  const server = createTlsServer({ ...options, ALPNProtocols: [protocol] }, (socket) => {
    clients.add(String(socket.getPeerCertificate().subject.CN));
    const stream = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [socket, stream],
      [stream, socket],
    ] as const) {
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  return listen(server);
}

// cspell:disable
/** What `buildctl dial-stdio` does, in a container that has no buildctl. It sees the node's files in /host. */
const bridgeScript = `#!/bin/sh
[ "$*" = dial-stdio ] || exit 9
exec chroot /host perl -MIO::Socket::UNIX -MIO::Select -e '
  my $daemon = IO::Socket::UNIX->new("/run/buildkit/buildkitd.sock") or die "no daemon";
  my %other = (fileno(STDIN) => $daemon, fileno($daemon) => *STDOUT);
  my $select = IO::Select->new(*STDIN, $daemon);
  for (;;) {
    for my $from ($select->can_read) {
      sysread($from, my $data, 65536) or exit;
      for (my $done = 0; $done < length $data;) {
        $done += syswrite($other{fileno $from}, $data, length($data) - $done, $done) or exit;
      }
    }
  }'
`;
// cspell:enable

/** Asks the docker of the BuildKit node, which has no docker command. */
async function askDocker(method: string, path: string, body?: unknown): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${hostPort}${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.text();
  expect(response.ok, `${method} ${path}: ${answer}`).toBe(true);
  return answer;
}

/** Starts a docker on the BuildKit node. */
async function startDocker(): Promise<void> {
  const options = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--storage-driver=vfs', '--config-file='];
  const files = ['--data-root=data', '--exec-root=exec', '--pidfile=pid'].map((file) =>
    file.replace('=', `=${hostFolder}/`),
  );
  const dockerd = `mkdir -p ${hostFolder} && exec dockerd --host=unix://${hostSocket} ${[...options, ...files].join(' ')}`;
  const [program = '', ...args] = await commandOnNode(
    buildkitNode.name,
    `${dockerd} --exec-opt native.cgroupdriver=cgroupfs`,
  );
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  cleanups.push(async () => {
    await runOnNode(buildkitNode.name, `kill $(cat ${hostFolder}/pid)`);
    await ended;
    await runOnNode(buildkitNode.name, `rm -rf ${hostFolder}`);
  });
  hostPort = await forward(buildkitNode, hostSocket);
  await vi.waitFor(() => askDocker('GET', '/_ping'), { timeout: 30_000, interval: 100 });
}

async function startContainer(): Promise<void> {
  const script = `${hostFolder}/buildctl`;
  const encoded = Buffer.from(bridgeScript).toString('base64');
  const written = await runOnNode(buildkitNode.name, `echo ${encoded} | base64 -d > ${script} && chmod 755 ${script}`);
  expect(written.code, written.stderr).toBe(0);
  await askDocker('POST', `/images/create?fromImage=${encodeURIComponent(`${lab.registry.address}/base`)}&tag=1`);
  await askDocker('POST', `/containers/create?name=${container}`, {
    Image: `${lab.registry.address}/base:1`,
    Cmd: ['sleep', '100000'],
    HostConfig: { Binds: ['/:/host', `${script}:/usr/bin/buildctl:ro`] },
  });
  cleanups.push(() => askDocker('DELETE', `/containers/${container}?force=true`));
  await askDocker('POST', `/containers/${container}/start`);
}

/** The programs that run in the container. */
async function programsInContainer(): Promise<string[]> {
  const { Processes } = JSON.parse(await askDocker('GET', `/containers/${container}/top?ps_args=-o%20pid,args`));
  return Processes.map(([, args]: readonly string[]) => args);
}

/** A program named kubectl that knows one pod, which leads to a port. It checks its arguments. */
async function writeKubectl(port: number): Promise<void> {
  kubectlFolder = join(folder, 'bin');
  kubectlLog = join(folder, 'kubectl.log');
  const program = join(kubectlFolder, 'kubectl');
  await mkdir(kubectlFolder, { recursive: true });
  await writeFile(kubectlLog, '');
  await writeFile(
    program,
    `#!${process.execPath}
const { connect } = require('node:net');
const { appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
const fail = (text) => { console.error(text); process.exit(1); };
if (args.join(' ') === 'version --client') { console.log('Client Version: v1.31.0'); process.exit(); }
const [kubeconfig, context, namespace, exec, i, pod, ...rest] = args;
const common = [kubeconfig, context, namespace, exec, i].join(' ');
if (common !== '--kubeconfig=${folder}/config --context=prod/eu --namespace=ci exec -i') fail('error: unknown arguments ' + common);
if (pod !== 'buildkitd-0') fail('Error from server (NotFound): pods "' + pod + '" not found');
if (rest.join(' ') !== '--container=buildkitd -- buildctl dial-stdio') fail('error: unknown command ' + rest.join(' '));
appendFileSync(${JSON.stringify(kubectlLog)}, process.pid + '\\n');
for (const signal of ['SIGHUP', 'SIGTERM']) process.on(signal, () => process.exit());
const stream = connect(${port}, '127.0.0.1');
process.stdin.pipe(stream).pipe(process.stdout);
process.stdin.on('end', () => process.exit());
stream.on('close', () => process.exit());
`,
  );
  await chmod(program, 0o755);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const podUri = (pod: string): string =>
  `kube-pod://${pod}?namespace=ci&container=buildkitd&context=prod%2Feu&kubeconfig=${encodeURIComponent(`${folder}/config`)}`;

const containerUri = (name: string): string => {
  const host = `ssh://root@127.0.0.1:${buildkitNode.port}${hostSocket}`;
  return `docker-container://${name}?host=${encodeURIComponent(host)}`;
};

beforeAll(async () => {
  authority = await CertificateAuthority.create('barn');
  foreign = await CertificateAuthority.create('foreign');
  client = await authority.sign('kim');
  await chmod(client.keyPath, 0o600);
  folder = await makeProject({ config: '' });
  const [docker, buildkit] = [
    await forward(dockerNode, dockerNode.socket),
    await forward(buildkitNode, buildkitNode.socket),
  ];
  [dockerPort, buildkitPort] = [await secure(docker, 'http/1.1'), await secure(buildkit, 'h2')];
  await writeKubectl(buildkit);
  await startDocker();
  await startContainer();
  person = await Person.create({ PATH: [kubectlFolder, process.env.PATH].join(delimiter) });
  const tls = ['--tls-ca', authority.path, '--tls-cert', client.certPath, '--tls-key', client.keyPath];
  await person.mustRun('connection', 'add', 'docker-tls', `tcp://127.0.0.1:${dockerPort}`, ...tls);
  await person.mustRun('connection', 'add', 'bk-tls', `tcp://127.0.0.1:${buildkitPort}`, ...tls);
  const identity = ['--identity', buildkitNode.identity, '--accept-new-host-keys'];
  await person.mustRun('connection', 'add', 'bk-container', containerUri(container), ...identity);
  await person.mustRun('connection', 'add', 'bk-pod', podUri('buildkitd-0'), '--platforms', 'linux/amd64');
}, 120_000);

afterAll(async () => {
  for (const cleanup of cleanups.reverse()) {
    await cleanup();
  }
  await person?.remove();
  await authority?.remove();
  await foreign?.remove();
  await rm(folder, { recursive: true, force: true });
});

test.each([
  ['docker-tls', 'docker', 'push'],
  ['bk-tls', 'buildkit', undefined],
  ['bk-container', 'buildkit', 'export'],
  ['bk-pod', 'buildkit', 'export'],
])('%s builds, and its image arrives', async (node, engine, transfer) => {
  const text = randomBytes(4).toString('hex');
  const project = await makeProject({
    Containerfile: `${lab.from}COPY word /\nRUN echo "built ${text}"; cat /word\n`,
    word: text,
  });
  cleanups.push(() => rm(project, { recursive: true }));
  const reference = `reach-${node}:1`;
  const { outcome, build } = await person.build('-t', reference, '--platform', 'linux/amd64', '--node', node, project);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(build.jobs).toMatchObject([{ node, status: 'done', ...(transfer ? { transfer } : {}) }]);
  expect(await person.mustRun('logs', build.id)).toContain(`built ${text}`);
  const status: { node?: { engine: string } }[] = JSON.parse(await person.mustRun('status', '--node', node, '--json'));
  expect(JSON.stringify(status)).toContain(`"engine":"${engine}"`);
});

test('the plan of a build says that a connection allows only some platforms', async () => {
  const project = await makeProject({ Containerfile: `${lab.from}` });
  cleanups.push(() => rm(project, { recursive: true }));
  const only = ['--platform', 'linux/arm64', '--node', 'bk-pod'];
  const outcome = await person.barnraiser('build', '-t', 'reach:2', ...only, project);
  expect(outcome.code).not.toBe(0);
  expect(outcome.stdout + outcome.stderr).toContain('bk-pod may build only linux/amd64, as its connection says');
});

test('the servers have seen the client certificate, and nothing runs on after the builds', async () => {
  expect([...clients]).toEqual(['kim']);
  await expect.poll(programsInContainer, { timeout: 20_000 }).toEqual(['sleep 100000']);
  const started = (await readFile(kubectlLog, 'utf8')).trim().split('\n').map(Number);
  expect(started[0]).toBeGreaterThan(0);
  await expect.poll(() => started.filter(isAlive), { timeout: 20_000 }).toEqual([]);
});

describe('a connection check', () => {
  const stepsOf = ({ stage, state }: CheckStep): string => `${stage} ${state}`;
  const answered = ['engine passed', 'platforms passed', 'emulation passed', 'disk passed'];

  test.each([
    ['docker-tls', ['name passed', 'port passed', 'tls passed', 'client-certificate passed']],
    ['bk-tls', ['name passed', 'port passed', 'tls passed', 'client-certificate passed']],
    [
      'bk-container',
      [
        ...['name passed', 'port passed', 'host-key passed', 'sign-in passed'],
        ...['container-engine passed', 'container passed'],
      ],
    ],
    ['bk-pod', ['kubectl passed', 'pod passed']],
  ])('of %s passes every step', async (name, steps) => {
    const check = parseCheckReport(await person.barnraiser('connection', 'test', name, '--json'));
    expect(check.steps.map(stepsOf)).toEqual([...steps, ...answered]);
  });

  test.each([
    ['bk-tls', ['--tls-ca', 'FOREIGN'], 'tls', 'tls.certificate'],
    ['docker-tls', ['--tls-cert', '', '--tls-key', ''], 'client-certificate', 'tls.client-certificate'],
    ['docker-tls', ['--tls-key', '/no/such/key.pem'], 'client-certificate', 'tls.files'],
    [
      'docker-tls',
      ['--uri', 'tcp://192.0.2.1:2375', '--tls-ca', '', '--tls-cert', '', '--tls-key', ''],
      'tls',
      'tcp.unencrypted',
    ],
    ['docker-tls', ['--uri', 'tcp://127.0.0.1:1'], 'port', 'tcp.unreachable'],
    ['bk-container', ['--uri', containerUri('no-such-container')], 'container', 'container.missing'],
    ['bk-pod', ['--uri', 'POD'], 'pod', 'pod.exec'],
  ])('of %s with %s fails at its step', async (name, change, stage, code) => {
    const before = JSON.parse(await person.mustRun('connection', 'list', '--json')).find(
      (each: { name: string }) => each.name === name,
    );
    const known: Record<string, () => string> = { FOREIGN: () => foreign.path, POD: () => podUri('gone-0') };
    await person.mustRun('connection', 'update', name, ...change.map((word) => known[word]?.() ?? word));
    const check = parseCheckReport(await person.barnraiser('connection', 'test', name, '--json'));
    const failed = check.steps.find(({ state }) => state === 'failed');
    expect(failed).toMatchObject({ stage, problem: { code } });
    const { uri, tlsCa = '', tlsCert = '', tlsKey = '' } = before;
    const files = tlsCa ? ['--tls-ca', tlsCa, '--tls-cert', tlsCert, '--tls-key', tlsKey] : [];
    await person.mustRun('connection', 'update', name, '--uri', uri, ...files);
  });

  test('says that kubectl is missing', async () => {
    const env = { PATH: folder };
    const check = parseCheckReport(await person.startWith(env, 'connection', 'test', 'bk-pod', '--json').ended);
    expect(check.steps[0]).toMatchObject({
      stage: 'kubectl',
      state: 'failed',
      problem: { code: 'pod.kubectl', message: expect.stringContaining('kubectl is not installed') },
    });
  });
});
