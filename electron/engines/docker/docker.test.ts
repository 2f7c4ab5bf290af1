import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Control, SolveRequest } from '../buildkit/proto/control_pb.ts';
import { sampleStatus } from '../buildkit/testing/sample-status.ts';
import { serveBuildKit } from '../buildkit/testing/stand-in.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { testBuild, testInstructions } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { isOlder } from './docker.ts';

/** An HTTP server stands in for docker and does what a real one can hardly be made to do. */
let headers: Record<string, string>;
/** What its BuildKit answers. Undefined: docker does not upgrade the connection. */
let buildKit: Partial<ServiceImpl<typeof Control>> | undefined;
let requests: string[];
let received: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders }[];
/** The bodies of answers, by the end of the path. */
let answers: Record<string, object>;
/** What a build says before its answer. */
let lines: readonly object[];
/** How often docker refuses to measure its disk usage. */
let busyAnswers: number;
/** Why a build is refused. */
let refusal: string | undefined;
let folder: string;
let server: Server;
let transport: Transport;
/** Streams to BuildKit, which nothing else closes if no call was made on them. */
const upgraded = new Set<Duplex>();

beforeEach(async () => {
  headers = { 'Api-Version': '1.51', Ostype: 'linux' };
  buildKit = {};
  requests = [];
  received = [];
  lines = [];
  refusal = undefined;
  busyAnswers = 0;
  answers = { '/df': { BuildCache: [] } };
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    requests.push(`${request.method} ${path}`);
    received.push({ url: request.url, headers: request.headers });
    if (path.endsWith('/build') && refusal !== undefined) {
      response.writeHead(400).end(JSON.stringify({ message: refusal }));
      return;
    }
    if (path.endsWith('/df') && busyAnswers > 0) {
      busyAnswers -= 1;
      response.writeHead(500).end(JSON.stringify({ message: 'a disk usage operation is already running' }));
      return;
    }
    if (path.endsWith('/build')) {
      response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    }
    if (path.endsWith('/_ping')) {
      response.writeHead(200, headers).end('OK');
    } else {
      response.end(JSON.stringify(Object.entries(answers).find(([end]) => path.endsWith(end))?.[1] ?? {}));
    }
  });
  server.on('upgrade', (request, socket) => {
    upgraded.add(socket);
    requests.push(`${request.method} ${request.url}`);
    if (buildKit) {
      server.once('break', () => socket.destroy());
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      serveBuildKit(socket, buildKit);
    } else {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    }
  });
  const socketPath = join(folder, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  transport = await openLocalTransport({ name: 'pi4', socketPath });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await transport.close();
  for (const socket of upgraded) {
    socket.destroy();
  }
  upgraded.clear();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const linuxFacts = {
  ...{ Name: 'pi', OperatingSystem: 'Debian', ServerVersion: '28.0.0', OSType: 'linux', Architecture: 'aarch64' },
  ...{ NCPU: 4, MemTotal: 8, DockerRootDir: '/' },
};

async function build(
  changes: Partial<EngineBuild> = {},
  signal = new AbortController().signal,
  onOutput: (output: EngineOutput) => void = () => {},
) {
  const engine = await openEngine(transport);
  return engine.builder.build(testBuild(changes), onOutput, signal);
}

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });

test('docker before 17.06 is not supported', async () => {
  headers['Api-Version'] = '1.29';
  await expect(openEngine(transport)).rejects.toMatchObject(
    problem('engine.unsupported', /docker with API 1\.29, which is too old/),
  );
});

test('docker that runs Windows containers is not supported', async () => {
  headers.Ostype = 'windows';
  await expect(openEngine(transport)).rejects.toMatchObject(problem('engine.unsupported', /Windows containers/));
});

test.each([
  ['1.41', 'POST /v1.41/grpc'],
  ['1.51', 'POST /v1.47/grpc'],
])('docker with API %s gets %s, the newest version that both support', async (version, path) => {
  headers['Api-Version'] = version;
  await expect(build()).rejects.toMatchObject(problem('build.no-image', /docker ended the build without/));
  expect(requests).toContain(path);
});

test('docker exports OCI archives from version 25 on', async () => {
  const formatsWith = async (apiVersion: string) => {
    headers = { 'Api-Version': apiVersion };
    return (await openEngine(transport)).capabilities().exportFormats;
  };
  expect(await formatsWith('1.43')).toEqual(['docker-archive']);
  expect(await formatsWith('1.44')).toEqual(['oci-archive', 'docker-archive']);
});

test('a build asks for what its options say, and resolves with the id of the image', async () => {
  let asked: SolveRequest | undefined;
  buildKit = {
    solve: (request) => {
      asked = request;
      return { exporterResponse: { 'containerimage.digest': 'sha256:1' } };
    },
  };
  const options = { buildArgs: { A: 'b' }, labels: { c: 'd' }, target: 'last', noCache: true, pull: 'always' } as const;
  expect(await build({ ...options, file: 'x/Containerfile' })).toEqual({ imageId: 'sha256:1' });
  expect(asked).toMatchObject({
    frontend: 'dockerfile.v0',
    exporter: 'moby',
    exporterAttrs: { name: 'localhost/x:1' },
  });
  expect(asked?.frontendAttrs).toEqual({
    ...{ filename: 'x/Containerfile', platform: 'linux/arm64', target: 'last', 'no-cache': '' },
    ...{ 'build-arg:A': 'b', 'label:c': 'd', 'image-resolve-mode': 'pull' },
  });
});

test('cancelling a build cancels it in BuildKit and waits until BuildKit has ended it', async () => {
  const cancel = new AbortController();
  const ending = new AbortController();
  let hasEnded = false;
  buildKit = {
    solve: async (_, { signal }) => {
      await once(signal, 'abort');
      setTimeout(() => ending.abort(), 50);
      return {};
    },
    async *status() {
      yield sampleStatus({ vertexes: [{ digest: 'sha256:1', name: '[1/1] RUN x', started: true }] });
      await once(ending.signal, 'abort');
      hasEnded = true;
    },
  };
  const building = build({}, cancel.signal, ({ kind }) => kind === 'step-started' && cancel.abort());
  await expect(building).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  expect(hasEnded).toBe(true);
});

test('a build that is cancelled before BuildKit knows it does not wait for it', async () => {
  const cancel = new AbortController();
  buildKit = {
    solve: async (_, { signal }) => {
      cancel.abort();
      await once(signal, 'abort');
      return {};
    },
    async *status(_, { signal }) {
      await once(signal, 'abort');
      yield* [];
    },
  };
  await expect(build({}, cancel.signal)).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
});

test('a failed build is explained by the error of BuildKit, a broken connection by what broke', async () => {
  buildKit = {
    solve: () => {
      throw new ConnectError('target stage "z" could not be found', Code.Unknown);
    },
  };
  await expect(build()).rejects.toMatchObject(problem('build.failed', /has no stage "z"/));
  buildKit = {
    solve: () => {
      server.emit('break');
      return new Promise(() => undefined);
    },
  };
  await expect(build()).rejects.toMatchObject(problem('engine.unreachable', /closed the connection/));
});

/** What a docker says, whether its socket passes on requests to BuildKit, and DOCKER_BUILDKIT → the builder and why. */
test.each([
  [{ version: '1.47', header: '2' }, 'buildkit', undefined],
  [{ version: '1.41', header: undefined }, 'buildkit', undefined],
  [{ version: '1.47', header: '1' }, 'classic', /because BuildKit is off in its configuration/],
  [{ version: '1.38', header: undefined }, 'classic', /because it is older than 18\.09/],
  [{ version: '1.47', header: '2', isRefused: true }, 'classic', /because its socket refuses connections to BuildKit/],
  [{ version: '1.47', header: '2', choice: '0' }, 'classic', /because DOCKER_BUILDKIT is 0 on this computer/],
  [{ version: '1.47', header: '1', choice: '1' }, 'buildkit', undefined],
  [{ version: '1.38', header: undefined, choice: '1' }, 'classic', /because it is older than 18\.09/],
] as const)('docker with %j builds with the builder %s', async (docker, builder, note) => {
  const { version, header, choice = '', isRefused = false } = { choice: undefined, isRefused: undefined, ...docker };
  vi.stubEnv('DOCKER_BUILDKIT', choice);
  headers = { 'Api-Version': version, ...(header === undefined ? {} : { 'Builder-Version': header }) };
  buildKit = isRefused ? undefined : {};
  answers['/info'] = linuxFacts;
  const { capabilities, ...node } = await (await openEngine(transport)).probe();
  expect(node.builder).toBe(builder);
  expect(capabilities.notes ?? []).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
});

test.each([
  ['1.40', 'false', false],
  ['1.40', 'true', true],
  ['1.41', 'false', true],
])(
  'the classic builder with API %s and experimental %s builds for emulated platforms: %s',
  async (version, experimental, expected) => {
    headers = { 'Api-Version': version, 'Builder-Version': '1', 'Docker-Experimental': experimental };
    answers['/info'] = linuxFacts;
    const node = await (await openEngine(transport)).probe();
    // of a machine that emulates nothing, nothing can be said
    expect(expected || node.emulated.length === 0).toBe(true);
  },
);

test('the classic builder gets what the options of a build say', async () => {
  headers['Builder-Version'] = '1';
  const id = `sha256:${'a'.repeat(64)}`;
  answers['/version'] = { Os: 'linux', Arch: 'arm64' };
  answers['/json'] = { Os: 'linux', Architecture: 'arm64' };
  lines = [{ aux: { ID: id } }];
  answers['/build'] = { stream: `Successfully built ${'a'.repeat(12)}\n` };
  const options = { buildArgs: { A: 'b' }, labels: { c: 'd' }, target: 'last', noCache: true, pull: 'newer' } as const;
  const logins = [{ registry: 'docker.io', credentials: { username: 'me', password: 'secret' } }];
  expect(await build({ ...options, logins, file: 'x/Containerfile' })).toEqual({ imageId: id });
  const { url = '', headers: sent } = received.find((request) => request.url?.includes('/build?')) ?? {};
  const { buildargs, ...query } = Object.fromEntries(new URL(url, 'http://docker').searchParams);
  expect(query).toEqual({
    ...{
      version: '1',
      rm: '1',
      forcerm: '1',
      platform: 'linux/arm64',
      dockerfile: 'x/Containerfile',
      t: 'localhost/x:1',
    },
    ...{ labels: '{"c":"d"}', target: 'last', nocache: '1', pull: '1' },
  });
  expect(JSON.parse(buildargs ?? '')).toMatchObject({ A: 'b', TARGETARCH: 'arm64', BUILDPLATFORM: 'linux/arm64' });
  expect(JSON.parse(Buffer.from(String(sent?.['x-registry-config']), 'base64').toString())).toEqual({
    'https://index.docker.io/v1/': { username: 'me', password: 'secret' },
  });
});

test('an image of the classic builder for another platform is built again, then reported', async () => {
  headers['Builder-Version'] = '1';
  answers['/version'] = { Os: 'linux', Arch: 'amd64' };
  answers['/json'] = { Os: 'linux', Architecture: 'amd64' };
  answers['/build'] = { stream: `Successfully built ${'a'.repeat(12)}\n` };
  await expect(build()).rejects.toMatchObject(
    problem(
      'image.platform',
      /^Node pi4: docker's classic builder built the image for linux\/amd64 instead of linux\/arm64\.$/,
    ),
  );
  const builds = received
    .filter(({ url }) => url?.includes('/build?'))
    .map(({ url }) => /nocache=1.*pull=1|pull=1.*nocache=1/.test(url ?? ''));
  expect(builds).toEqual([false, true]);
});

test.each([
  [
    'dockerfile parse error line 2: Unknown flag: link',
    /^Node pi4: line 2 of the Containerfile uses COPY --link options, which need BuildKit/,
    // another node may have BuildKit
    'engine.unsupported',
  ],
  [
    'dockerfile parse error on line 2: unknown instruction: FETCH',
    /"FETCH" in line 2 is not an instruction/,
    'build.failed',
  ],
  ['failed to reach build target z in Dockerfile', /has no stage "z"/, 'build.failed'],
  ['Cannot locate specified Dockerfile: Containerfile', /it is not in the context/, 'build.failed'],
  ['the Dockerfile (Containerfile) cannot be empty', /it is empty/, 'build.failed'],
])('a refusal of the classic builder is explained: %s', async (message, explained, code) => {
  headers['Builder-Version'] = '1';
  answers['/version'] = { Os: 'linux', Arch: 'arm64' };
  refusal = message;
  const instructions = testInstructions('FROM a', 'COPY --link x /x');
  await expect(build({ instructions })).rejects.toMatchObject(problem(code, explained));
});

test.each([
  [
    "The command '/bin/sh -c exit code: 9' returned a non-zero code: 127",
    /step 2 of 2 \(Containerfile:2\) failed: RUN x \(exit status 127, command not found\)/,
  ],
  [
    'the --mount option requires BuildKit. Refer to …',
    /^Node pi4: line 2 of the Containerfile uses RUN --mount options/,
  ],
  [
    'COPY failed: stat /var/lib/docker/tmp/docker-builder123/a/b: no such file or directory',
    /\("a\/b" is not in the context/,
  ],
  ['write /x: no space left on device', /has no space left on its disk/],
])('an error of the classic builder is explained: %s', async (error, explained) => {
  headers['Builder-Version'] = '1';
  answers['/version'] = { Os: 'linux', Arch: 'arm64' };
  lines = ['Step 1/2 : FROM a', 'Step 2/2 : RUN x'].map((stream) => ({ stream }));
  answers['/build'] = { error };
  const instructions = testInstructions('FROM a', 'RUN x');
  await expect(build({ instructions })).rejects.toMatchObject({
    problem: { message: expect.stringMatching(explained) },
  });
});

test.each([
  ['1.9', '1.39', true],
  ['1.39', '1.39', false],
  ['1.100', '1.47', false],
])('API %s is older than %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test.each([
  ['aarch64', 'arm64', 'linux/arm64'],
  ['aarch64', 'arm', 'linux/arm/v7'],
  ['armv8l', 'arm', 'linux/arm/v7'],
  ['armv6l', 'arm', 'linux/arm/v6'],
  ['x86_64', '386', 'linux/386'],
  ['x86_64', undefined, 'linux/amd64'],
])('docker on a machine %s that was built for %s runs %s', async (machine, built, platform) => {
  answers['/info'] = { ...linuxFacts, Architecture: machine };
  answers['/version'] = { Arch: built };
  expect((await (await openEngine(transport)).probe()).platform).toBe(platform);
});

test('a push over plain HTTP that docker does not allow says what allows it', async () => {
  answers['/push'] = { error: 'Get "https://192.168.1.5:5000/v2/": http: server gave HTTP response to HTTPS client' };
  const { transfer } = await openEngine(transport);
  const target = { registry: '192.168.1.5:5000', repository: 'team/api', tag: 't', tlsVerify: false };
  await expect(transfer?.push('x', target, 'oci', new AbortController().signal)).rejects.toMatchObject({
    problem: {
      code: 'engine.refused',
      message: 'Node pi4: docker does not push to 192.168.1.5:5000 over plain HTTP.',
      fix: expect.stringContaining('"insecure-registries"'),
    },
  });
  // the name that docker needs for a push does not stay
  expect(requests.at(-1)).toMatch(/^DELETE .*team%2Fapi%3At$/);
});

test('a push tells the digest that docker has sent', async () => {
  const digest = `sha256:${'d'.repeat(64)}`;
  answers['/push'] = { progressDetail: {}, aux: { Tag: 't', Digest: digest, Size: 943 } };
  const { transfer } = await openEngine(transport);
  const target = { registry: '192.168.1.5:5000', repository: 'team/api', tag: 't', tlsVerify: true };
  expect(await transfer?.push('x', target, 'oci', new AbortController().signal)).toEqual({ digest });
});

test('disk usage that docker measures for another client is asked for again', async () => {
  // docker 20.10 measures for one client at a time
  busyAnswers = 2;
  answers['/df'] = { LayersSize: 5, Images: [], BuildCache: [] };
  answers['/images/json'] = [];
  answers['/containers/json'] = [];
  const { storage } = await openEngine(transport);
  expect(await storage.list('removable')).toEqual({ items: [], sharedBytes: 5, isBuilding: false });
  expect(requests.filter((request) => request.endsWith('/df'))).toHaveLength(4);
});
