import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Control, SolveRequest } from '../buildkit/proto/control_pb.ts';
import { sampleStatus } from '../buildkit/testing/sample-status.ts';
import { serveBuildKit } from '../buildkit/testing/stand-in.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { isOlder } from './docker.ts';

/** An HTTP server stands in for docker and does what a real one can hardly be made to do. */
let headers: Record<string, string>;
/** What its BuildKit answers. Undefined: docker does not upgrade the connection. */
let buildKit: Partial<ServiceImpl<typeof Control>> | undefined;
let requests: string[];
/** The bodies of answers, by the end of the path. */
let answers: Record<string, object>;
let folder: string;
let server: Server;
let transport: Transport;

beforeEach(async () => {
  headers = { 'Api-Version': '1.51', Ostype: 'linux' };
  buildKit = {};
  requests = [];
  answers = { '/df': { BuildCache: [] } };
  folder = await mkdtemp(join(tmpdir(), 'docker-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    requests.push(`${request.method} ${path}`);
    if (path.endsWith('/_ping')) {
      response.writeHead(200, headers).end('OK');
    } else {
      response.end(JSON.stringify(Object.entries(answers).find(([end]) => path.endsWith(end))?.[1] ?? {}));
    }
  });
  server.on('upgrade', (request, socket) => {
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
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function build(
  changes: Partial<EngineBuild> = {},
  signal = new AbortController().signal,
  onOutput: (output: EngineOutput) => void = () => {},
) {
  const engine = await openEngine(transport);
  return engine.builder.build(testBuild(changes), onOutput, signal);
}

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });

test('docker without BuildKit is not supported', async () => {
  headers['Api-Version'] = '1.38';
  await expect(openEngine(transport)).rejects.toMatchObject(
    problem('engine.unsupported', /docker with API 1\.38, which is too old/),
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

test('docker cannot build without looking for base images, and exports OCI archives from version 25 on', async () => {
  const { capabilities } = await openEngine(transport);
  expect(capabilities()).toMatchObject({ limits: [{ option: 'pull', value: 'never' }] });
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

test('a docker without an API of BuildKit is reported', async () => {
  buildKit = undefined;
  await expect(build()).rejects.toMatchObject(problem('engine.refused', /could not open a connection to its BuildKit/));
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
  const facts = { Name: 'pi', OperatingSystem: 'Debian', NCPU: 4, MemTotal: 8, DockerRootDir: '/', OSType: 'linux' };
  answers['/info'] = { ...facts, ServerVersion: '28.0.0', Architecture: machine };
  answers['/version'] = { Arch: built };
  expect((await (await openEngine(transport)).probe()).platform).toBe(platform);
});

test('a push over plain HTTP that docker does not allow says what allows it', async () => {
  answers['/push'] = { error: 'Get "https://192.168.1.5:5000/v2/": http: server gave HTTP response to HTTPS client' };
  const { transfer } = await openEngine(transport);
  const target = { registry: '192.168.1.5:5000', repository: 'team/api', tag: 't', tlsVerify: false };
  await expect(transfer.push('x', target, 'oci', new AbortController().signal)).rejects.toMatchObject({
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
  expect(await transfer.push('x', target, 'oci', new AbortController().signal)).toEqual({ digest });
});
