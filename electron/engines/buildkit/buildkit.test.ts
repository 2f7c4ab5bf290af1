import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EngineBuild, EngineOutput, PushTarget } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';
import type { Control, SolveRequest } from './proto/control_pb.ts';
import { sampleStatus } from './testing/sample-status.ts';
import { serveBuildKit } from './testing/stand-in.ts';

/** A server of HTTP/2 stands in for a daemon and does what a real one can hardly be made to do. */
let answers: Partial<ServiceImpl<typeof Control>>;
let onConnection: (socket: Socket) => void;
let folder: string;
let server: Server;
const sockets = new Set<Socket>();
const transports: Transport[] = [];

const worker = {
  id: 'worker-1',
  labels: { 'org.mobyproject.buildkit.worker.hostname': 'pod-7' },
  platforms: [
    { os: 'linux', architecture: 'arm64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'amd64', variant: 'v2' },
    { os: 'linux', architecture: 'strange' },
  ],
  gcPolicy: [{ maxUsedSpace: 5n }, { all: true, reservedSpace: 7n }],
};
const record = { id: 'a', inUse: false, size: 10n, description: 'mount / from exec', shared: false };

beforeEach(async () => {
  answers = {
    info: () => ({ buildkitVersion: { version: 'v0.21.1' } }),
    listWorkers: () => ({ record: [worker] }),
    diskUsage: () => ({ record: [record, { ...record, id: 'b', inUse: true }] }),
  };
  onConnection = (socket) => serveBuildKit(socket, answers);
  folder = await mkdtemp(join(tmpdir(), 'buildkit-'));
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
});
afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()));
  for (const socket of sockets) {
    socket.destroy();
  }
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** @param changes to the transport, such as a node that runs no commands */
async function open(name = 'buildkitd.sock', changes: Partial<Transport> = {}) {
  const socketPath = join(folder, name);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const transport = await openLocalTransport({ name: 'pi4', socketPath });
  transports.push(transport);
  return openEngine({ ...transport, ...changes });
}

const problem = (code: string, message: RegExp) => ({ problem: { code, message: expect.stringMatching(message) } });
const noCommands = { run: () => Promise.reject(new Error('no commands')) };

describe('a daemon is recognised', () => {
  test.each(['buildkitd.sock', 'engine.sock', 'docker.sock'])('at the socket %s', async (name) => {
    expect((await open(name)).kind).toBe('buildkit');
  });

  test('unless it is too old to say its version', async () => {
    answers.info = () => {
      throw new ConnectError('unknown method Info for service moby.buildkit.v1.Control', Code.Unimplemented);
    };
    await expect(open()).rejects.toMatchObject(problem('engine.unsupported', /BuildKit older than 0\.11/));
  });

  test('and told from another service of the same protocol', async () => {
    onConnection = (socket) => {
      const other = createHttp2Server(connectNodeAdapter({ routes: () => undefined }));
      other.on('session', (session) => session.on('error', () => socket.destroy()));
      other.emit('connection', socket);
    };
    await expect(open('engine.sock')).rejects.toMatchObject(problem('engine.unreachable', /during GET \/_ping/));
  });

  test('not where another engine listens under its name', async () => {
    onConnection = (socket) =>
      socket.once('data', (data) => {
        const isHttp1 = String(data).startsWith('GET /_ping');
        socket.end(isHttp1 ? 'HTTP/1.1 200 OK\r\nLibpod-API-Version: 5.4.2\r\nContent-Length: 0\r\n\r\n' : '');
      });
    expect((await open()).kind).toBe('podman');
  });
});

describe('a probe', () => {
  test('reads what the daemon says, and leaves out what only commands tell', async () => {
    const node = await (await open('buildkitd.sock', noCommands)).probe();
    expect(node).toMatchObject({
      engine: 'buildkit',
      version: '0.21.1',
      hostname: 'pod-7',
      platform: 'linux/arm64',
      emulated: ['linux/amd64', 'linux/amd64/v2'],
      buildCache: { size: 20, limit: 7 },
      engineId: expect.any(String),
    });
    for (const fact of ['cpus', 'memory', 'disk', 'load', 'machineId', 'rootless']) {
      expect(node).not.toHaveProperty(fact);
    }
  });

  test('takes the platform of the kernel for its own, whatever comes first', async () => {
    const printed = 'kernel x86_64\ncpus 8\nMemTotal: 2000 kB\nsystem Debian 13\ndisk /dev/sda 100 60 40 60% /\n';
    const run = async (command: string) => ({
      code: 0,
      stdout: command.includes('kernel $(uname')
        ? printed
        : 'load-average 0.75 0.5 0.25 1/9 9\nMemAvailable:    500 kB\n',
      stderr: '',
    });
    expect(await (await open('buildkitd.sock', { run })).probe()).toMatchObject({
      platform: 'linux/amd64',
      processor: { variant: 'v2' },
      emulated: ['linux/arm64', 'linux/arm/v7'],
      cpus: 8,
      memory: { total: 2_048_000, free: 512_000 },
      load: 0.75,
      disk: { total: 102_400, free: 40_960 },
      distribution: 'Debian 13',
    });
  });

  test('refuses a daemon without a platform that is known', async () => {
    answers.listWorkers = () => ({ record: [{ ...worker, platforms: [] }] });
    await expect((await open()).probe()).rejects.toMatchObject(problem('engine.unsupported', /unknown platform/));
  });
});

describe('a build', () => {
  const target: PushTarget = { registry: '127.0.0.1:5', repository: 'r/p', tag: 't', tlsVerify: false };
  const push = { kind: 'push', target } as const;

  async function build(
    changes: Partial<EngineBuild>,
    onOutput: (output: EngineOutput) => void = () => undefined,
  ): Promise<unknown> {
    return (await open()).builder.build(testBuild(changes), onOutput, new AbortController().signal);
  }

  test('pushes its image, in the format that is asked for', async () => {
    const asked: SolveRequest[] = [];
    const digest = `sha256:${'d'.repeat(64)}`;
    answers.solve = (request) => {
      asked.push(request);
      return { exporterResponse: { 'containerimage.digest': digest, 'containerimage.config.digest': 'sha256:c' } };
    };
    expect(await build({ delivery: push, format: 'docker' })).toEqual({ imageId: 'sha256:c', digest });
    expect(asked).toMatchObject([
      {
        exporter: 'image',
        exporterAttrs: {
          ...{ name: '127.0.0.1:5/r/p:t', push: 'true', store: 'false' },
          ...{ 'oci-mediatypes': 'false', 'registry.insecure': 'true' },
        },
      },
    ]);
  });

  const deliver = async function* () {
    yield sampleStatus({ vertexes: [{ digest: 'sha256:1', name: 'exporting to image', started: true }] });
  };

  test.each([
    ['a push that fails', deliver, 'failed to push 127.0.0.1:5/r/p:t: connection refused', 'engine.refused'],
    ['an exporter that is missing', undefined, 'exporter "image" could not be found', 'engine.refused'],
    ['no space at the export', deliver, 'failed to copy: no space left on device', 'disk.full'],
    ['a step that fails', undefined, 'target stage "z" could not be found', 'build.failed'],
  ])('with %s', async (_, status, message, code) => {
    answers.solve = async () => {
      throw new ConnectError(message, Code.Unknown);
    };
    if (status) {
      answers.status = status;
    }
    const kinds: string[] = [];
    await expect(build({ delivery: push }, ({ kind }) => kinds.push(kind))).rejects.toMatchObject({
      problem: { code, detail: message },
    });
    expect(kinds.includes('delivering')).toBe(status !== undefined);
  });

  test('whose archive does not come is no success', async () => {
    answers.solve = () => ({ exporterResponse: { 'containerimage.config.digest': 'sha256:c' } });
    const delivery = { kind: 'archive', receive: async () => undefined } as const;
    await expect(build({ delivery })).rejects.toMatchObject(problem('build.no-image', /BuildKit ended the build/));
  });

  test("has no escapes of a terminal in the daemon's errors", async () => {
    answers.solve = () => {
      throw new ConnectError('frontend \u001b[31m failed\u001b]0;title\u0007', Code.Unknown);
    };
    const failure = await build({ delivery: push }).catch((error: unknown) => error);
    expect(JSON.stringify(failure)).not.toMatch(/\\u001b|\\u0007/);
    expect(failure).toMatchObject({ problem: { detail: expect.stringContaining('failed') } });
  });

  test('that is to leave nothing removes what it has added to the cache', async () => {
    const before = [record];
    const own = ['c', 'd'].map((id) => ({ ...record, id }));
    let records = before;
    const pruned: string[][] = [];
    let asked: SolveRequest | undefined;
    answers.solve = (request) => {
      asked = request;
      records = [...before, ...own];
      return { exporterResponse: { 'containerimage.config.digest': 'sha256:c' } };
    };
    answers.diskUsage = () => ({ record: records });
    answers.prune = async function* ({ filter }) {
      pruned.push(filter);
      // the record that another is based on goes only after it
      const removed = records.at(-1);
      records = records.slice(0, -1);
      yield removed ?? record;
    };
    await build({ delivery: push, discardCache: true });
    expect(pruned).toEqual([['id==c', 'id==d'], ['id==c']]);
    expect(asked?.internal).toBe(true);
  });
});

test('only the records that are named are removed, and none without a name', async () => {
  const pruned: string[][] = [];
  answers.prune = async function* ({ filter }) {
    pruned.push(filter);
    yield record;
  };
  const { storage } = await open();
  const item = { kind: 'cache', id: 'abc', names: [], bytes: 1, parents: [], isUsed: false } as const;
  await storage.remove([item, { ...item, id: 'x,y' }], { bases: [] });
  await storage.remove([], { bases: [] });
  expect(pruned).toEqual([['id==abc']]);
  const { items } = await storage.list('removable');
  expect(items.map(({ isUsed, bytes }) => [isUsed, bytes])).toEqual([
    [false, 10],
    [true, 10],
  ]);
});

test('a build is recognised as repeated only if its bases are named by digest, and all records are there', async () => {
  const { cache } = await open();
  const { signal } = new AbortController();
  const pinned = { name: `alpine@sha256:${'a'.repeat(64)}`, platform: testBuild().platform };
  const query = { pull: 'missing', items: [], logins: async () => [] } as const;
  const before = { bases: {}, items: [] };
  const built = { imageId: 'sha256:c', layers: [], digests: new Map() };
  const used = await cache?.used({ ...query, bases: [pinned] }, before, built, signal);
  expect(used).toEqual({ bases: { [pinned.name]: `sha256:${'a'.repeat(64)}` }, items: ['a', 'b'] });
  const tagged = { ...pinned, name: 'alpine:3' };
  expect(await cache?.used({ ...query, bases: [pinned, tagged] }, before, built, signal)).toBeUndefined();
  answers.diskUsage = () => ({ record: [record] });
  const items = ['a', 'b'];
  expect(await cache?.read({ ...query, bases: [pinned], items }, true, signal)).toMatchObject({ items: ['a'] });
});
