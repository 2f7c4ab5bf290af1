import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import { modesOf } from '../../../shared/schedule.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { tarContext, testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';

/** An HTTP server stands in for podman and does what a real one can hardly be made to do. */
type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let handlers: Record<string, Handler>;
let folder: string;
let server: Server;
let transport: Transport;

const podmanPing: Handler = (_, response) => {
  response.setHeader('Libpod-API-Version', '4.3.1').end('OK');
};
const emptyList: Handler = (_, response) => void response.end('[]');
const status =
  (code: number, message: string): Handler =>
  (_, response) =>
    void response.writeHead(code).end(JSON.stringify({ cause: 'x', message, response: code }));

beforeEach(async () => {
  handlers = { 'GET /_ping': podmanPing, 'GET containers/json': emptyList };
  folder = await mkdtemp(join(tmpdir(), 'engine-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '').replace('/v4.0.0/libpod/', '');
    (handlers[`${request.method} ${path}`] ?? status(404, `no handler for ${path}`))(request, response);
  });
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const local = await openLocalTransport({ name: 'pi4', socketPath });
  // commands would search the machine that runs the tests for the build's processes
  transport = { ...local, run: () => Promise.reject(fail('ssh.channel', 'Refused.', 'Allow it.')) };
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
  const outputs: EngineOutput[] = [];
  const engine = await openEngine(transport);
  const result = await engine.builder.build(
    testBuild(changes),
    (output) => {
      outputs.push(output);
      onOutput(output);
    },
    signal,
  );
  return { ...result, outputs };
}

const problem = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    problem: expect.objectContaining({ code, message: expect.stringMatching(message) }),
  });

/** Responds to a build after its context has arrived. */
const afterContext =
  (respond: (response: ServerResponse) => void): Handler =>
  (request, response) => {
    request.resume().once('end', () => respond(response));
  };
const image = 'a'.repeat(64);
const message = (stream: string) => `${JSON.stringify({ stream })}\n`;

test('podman before 4.0 is not supported', async () => {
  handlers['GET /_ping'] = (_, response) => void response.setHeader('Libpod-API-Version', '3.4.4').end('OK');
  await expect(openEngine(transport)).rejects.toEqual(problem('engine.unsupported', /podman 3\.4\.4.*too old/));
});

test('a server that is not an engine is reported', async () => {
  handlers['GET /_ping'] = status(404, 'no');
  await expect(openEngine(transport)).rejects.toEqual(problem('engine.answer', /is not a container engine/));
});

test('the query of a build has the form that all podman versions understand', async () => {
  let query = new URLSearchParams();
  handlers['POST build'] = (request, response) => {
    query = new URL(request.url ?? '', 'http://x').searchParams;
    afterContext(() => response.end(message(`${image}\n`)))(request, response);
  };
  const { imageId } = await build({ buildArgs: { A: 'b c' }, target: 'app', pull: 'newer', noCache: true });
  expect(imageId).toBe(image);
  expect(Object.fromEntries(query)).toMatchObject({
    layers: '1',
    platform: 'linux/arm64',
    dockerfile: 'Containerfile',
    t: 'localhost/x:1',
    buildargs: '{"A":"b c"}',
    excludes: '[".git"]',
    target: 'app',
    pullpolicy: 'ifnewer',
    nocache: '1',
  });
});

test('builds at the same time have different marks', async () => {
  const sizes = new Set<string | null>();
  handlers['POST build'] = (request, response) => {
    sizes.add(new URL(request.url ?? '', 'http://x').searchParams.get('shmsize'));
    afterContext(() => response.end(message(`${image}\n`)))(request, response);
  };
  await Promise.all([build(), build(), build()]);
  expect(sizes.size).toBe(3);
});

test('the same build has the same mark, and few others have it', async () => {
  const sizes: number[] = [];
  handlers['POST build'] = (request, response) => {
    sizes.push(Number(new URL(request.url ?? '', 'http://x').searchParams.get('shmsize')));
    afterContext(() => response.end(message(`${image}\n`)))(request, response);
  };
  await build({ id: 'one' });
  await build({ id: 'one' });
  await build({ id: 'two' });
  expect(sizes[0]).toBe(sizes[1]);
  expect(sizes[2]).not.toBe(sizes[0]);
  for (const size of sizes) {
    expect(size).toBeGreaterThan(64 * 1024 * 1024);
    expect(size % (64 * 1024)).toBe(0);
    expect(size).toBeLessThan(2 ** 48);
  }
  handlers['GET version'] = (_, response) => void response.end(JSON.stringify({ Arch: 'arm' }));
  await build({ id: 'one' });
  // podman on a 32-bit processor reads no larger number
  expect(sizes[3]).toBeLessThan(2 ** 31);
});

test('logins go to podman in a header, and without logins there is none', async () => {
  const sent: unknown[] = [];
  handlers['POST build'] = (request, response) => {
    sent.push(request.headers['x-registry-config']);
    afterContext(() => response.end(message(`${image}\n`)))(request, response);
  };
  const credentials = { username: 'kim', password: '~~secret~~?' };
  await build({
    logins: [
      { registry: 'registry.example.com', credentials },
      { registry: 'docker.io', credentials: { identityToken: 'token' } },
    ],
  });
  await build();
  const header = String(sent[0]);
  expect(header).toMatch(/^[\w-]+=*$/);
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
    'registry.example.com': credentials,
    'docker.io': { identitytoken: 'token' },
  });
  expect(sent[1]).toBeUndefined();
});

test('a build whose cached layer was removed meanwhile is built once more', async () => {
  let count = 0;
  const lost = JSON.stringify({ error: 'creating build container: layer not known' });
  handlers['POST build'] = (request, response) => {
    count += 1;
    const end = count === 1 ? `${message('STEP 1/1: RUN x\n')}${lost}\n` : message(`${image}\n`);
    afterContext(() => response.end(end))(request, response);
  };
  expect(await build()).toMatchObject({ imageId: image });
  count = 0;
  handlers['POST build'] = (request, response) => {
    count += 1;
    afterContext(() => response.end(`${message('STEP 1/1: RUN x\n')}${lost}\n`))(request, response);
  };
  await expect(build()).rejects.toEqual(problem('build.failed', /layer not known/));
  expect(count).toBe(2);
});

test('a build whose base image loses its name to another platform is built again, a few times', async () => {
  let count = 0;
  const lost =
    'creating build container: locating pulled image "base:1" name in containers storage: base:1: image not known';
  handlers['POST build'] = (request, response) => {
    count += 1;
    const end = count === 4 ? message(`${image}\n`) : `${JSON.stringify({ error: lost })}\n`;
    afterContext(() => response.end(end))(request, response);
  };
  expect(await build()).toMatchObject({ imageId: image });
  count = -100;
  await expect(build()).rejects.toEqual(problem('build.failed', /image not known/));
  expect(count).toBe(-96);
  count = 0;
  await expect(build({ pull: 'never' })).rejects.toEqual(problem('build.failed', /image not known/));
  expect(count).toBe(1);
});

test.each([
  { pull: 'missing', builds: 4, reason: /given to another image/ },
  { pull: 'never', builds: 1, reason: /the pull policy forbids/ },
] as const)('so is one whose step says it, unless nothing is pulled ($pull)', async ({ pull, builds, reason }) => {
  let count = 0;
  const error =
    'creating build container: locating pulled image "base:1" name in containers storage: base:1: image not known';
  handlers['POST build'] = (request, response) => {
    count += 1;
    const end = `${message('STEP 1/2: FROM base:1\n')}${JSON.stringify({ error })}\n`;
    afterContext(() => response.end(end))(request, response);
  };
  await expect(build({ pull })).rejects.toEqual(problem('engine.pull', reason));
  expect(count).toBe(builds);
});

test('a build that podman refuses early stops sending its context', async () => {
  handlers['POST build'] = status(400, 'failed to parse query parameter');
  const context = Readable.from(endless(), { objectMode: false });
  await expect(build({ context: tarContext(() => context) })).rejects.toEqual(
    problem('engine.refused', /podman could not start the build: failed to parse query parameter/),
  );
  expect(context.destroyed).toBe(true);
});

function* endless() {
  for (;;) {
    yield Buffer.alloc(65_536, 1);
  }
}

test('a stream that ends without an image fails the build', async () => {
  handlers['POST build'] = afterContext((response) => response.end(message('STEP 1/1: FROM scratch\n')));
  await expect(build()).rejects.toEqual(problem('build.no-image', /without reporting an image/));
});

test('an error after an image id fails the build', async () => {
  handlers['POST build'] = afterContext((response) =>
    response.end(`${message(`${image}\n`)}${JSON.stringify({ error: 'tagging failed' })}\n`),
  );
  await expect(build()).rejects.toEqual(problem('build.failed', /tagging failed/));
});

test('podman that dies during a build is reported as unreachable', async () => {
  handlers['POST build'] = afterContext((response) => {
    response.write(message('STEP 1/1: RUN x\n'), () => response.destroy());
  });
  await expect(build()).rejects.toEqual(problem('engine.unreachable', /^Node pi4/));
});

test('a build fails with the error of its context', async () => {
  handlers['POST build'] = () => {};
  const changed = fail('context.changed', 'It changed.', 'Again.');
  async function* context() {
    yield Buffer.alloc(1024, 1);
    throw changed;
  }
  await expect(build({ context: tarContext(() => Readable.from(context(), { objectMode: false })) })).rejects.toBe(
    changed,
  );
});

test('a cancelled build rejects with the reason of its signal and closes its request', async () => {
  const closed = new Promise((resolve) => {
    handlers['POST build'] = (request, response) => {
      response.once('close', resolve);
      afterContext(() => response.write(message('STEP 1/1: RUN x\n')))(request, response);
    };
  });
  const reason = fail('build.cancelled', 'Build 7 was cancelled.', 'Start it again.');
  const controller = new AbortController();
  const running = build({}, controller.signal, ({ kind }) => kind === 'step-started' && controller.abort(reason));
  await expect(running).rejects.toBe(reason);
  await closed;
  await expect(build({}, controller.signal)).rejects.toBe(reason);
});

test('a cancelled build waits until podman has removed its containers', async () => {
  const container = { Id: 'c1', ImageID: '', Command: ['buildah'] };
  const lists = [[], [container], [container], [], []];
  handlers['GET containers/json'] = (_, response) => void response.end(JSON.stringify(lists.shift() ?? []));
  handlers['POST build'] = afterContext((response) => response.write(message('STEP 1/1: FROM scratch\n')));
  const controller = new AbortController();
  const running = build({}, controller.signal, ({ kind }) => kind === 'step-started' && controller.abort());
  await expect(running).rejects.toEqual(problem('build.cancelled', /./));
  expect(lists).toEqual([]);
});

test('a cancelled build is not closed while podman, whose steps are killed, ends it', async () => {
  const commands: string[] = [];
  let end = (): void => undefined;
  let wasClosed = false;
  transport = {
    ...transport,
    run: async (command) => {
      commands.push(command);
      end();
      return { stdout: 'killed 1\n', stderr: '', code: 0 };
    },
  };
  handlers['POST build'] = (request, response) => {
    response.once('close', () => {
      wasClosed = !response.writableEnded;
    });
    // the response begins after the build was cancelled
    request.resume().once('end', () => {
      end = () => {
        end = () => undefined;
        transport.run = async () => ({ stdout: 'killed 0\n', stderr: '', code: 0 });
        response.write(message('STEP 1/1: RUN x\n'));
        response.end(JSON.stringify({ error: 'exit status 137' }));
      };
      controller.abort();
    });
  };
  const controller = new AbortController();
  await expect(build({}, controller.signal)).rejects.toEqual(problem('build.cancelled', /./));
  expect(commands.length).toBeGreaterThan(0);
  expect(wasClosed).toBe(false);
});

test('a build that is cancelled while its context is sent is closed at once', async () => {
  const controller = new AbortController();
  const closed = new Promise((resolve) => {
    handlers['POST build'] = (request) => {
      request.once('close', () => resolve(request.complete)).on('error', () => undefined);
      request.once('data', () => controller.abort());
    };
  });
  async function* context() {
    yield Buffer.alloc(1024, 1);
    await new Promise(() => undefined);
  }
  const tar = tarContext(() => Readable.from(context(), { objectMode: false }));
  await expect(build({ context: tar }, controller.signal)).rejects.toEqual(problem('build.cancelled', /./));
  expect(await closed).toBe(false);
});

test('a build starts although podman cannot list its containers while another build removes its own', async () => {
  const refusals = [500, 404].map((code) => status(code, 'determining buildah container: container not known'));
  handlers['GET containers/json'] = (request, response) => (refusals.shift() ?? emptyList)(request, response);
  handlers['POST build'] = afterContext((response) => response.end(message(`${image}\n`)));
  expect(await build()).toMatchObject({ imageId: image });
  expect(refusals).toEqual([]);
});

test('an image for another platform from the cache is built again without the cache', async () => {
  const queries: (string | null)[] = [];
  const other = 'b'.repeat(64);
  handlers['POST build'] = (request, response) => {
    queries.push(new URL(request.url ?? '', 'http://x').searchParams.get('nocache'));
    const cached = queries.length === 1 ? message(`--> Using cache ${image}\n`) : '';
    afterContext(() =>
      response.end(
        `${message('STEP 1/1: COPY a /a\n')}${cached}${message(`${queries.length === 1 ? image : other}\n`)}`,
      ),
    )(request, response);
  };
  handlers[`GET images/${image}/json`] = (_, response) =>
    void response.end(JSON.stringify({ Os: 'linux', Architecture: 'amd64' }));
  const { imageId, outputs } = await build();
  expect(imageId).toBe(other);
  expect(queries).toEqual([null, '1']);
  expect(outputs.filter(({ kind }) => kind === 'context-read')).toHaveLength(1);
});

test('a failed push is reported with the error in the stream', async () => {
  handlers['POST images/x/push'] = (_, response) => {
    response.write(message('Copying blob sha256:1\n'));
    response.end(`${JSON.stringify({ error: 'writing blob: received unexpected HTTP status: 500' })}\n`);
  };
  const engine = await openEngine(transport);
  const target = { registry: '127.0.0.1:1', repository: 'r', tag: 't', tlsVerify: false };
  await expect(engine.transfer?.push('x', target, 'oci', new AbortController().signal)).rejects.toEqual(
    problem('engine.refused', /could not push the image: writing blob/),
  );
});

test.each([
  [404, 'x: image not known'],
  [409, 'image used by 8897d62fa934: image is in use by a container'],
  [500, 'unable to delete image "x" by ID with more than one tag ([a:1 a:2]): please force removal'],
])('removing an image that is missing or in use resolves with false (%i)', async (code, text) => {
  handlers['DELETE images/x'] = status(code, text);
  await expect((await openEngine(transport)).retention?.remove('x')).resolves.toBe(false);
});

test('any other error of a removal is reported', async () => {
  handlers['DELETE images/x'] = status(500, 'layer is broken');
  await expect((await openEngine(transport)).retention?.remove('x')).rejects.toEqual(
    problem('engine.refused', /layer is broken/),
  );
});

test('an image counts what it adds to its parent, and what was never made has no age', async () => {
  const images = [
    { Id: 'base', Size: 100, RepoTags: ['base:1'], Created: 0 },
    { Id: 'child', ParentId: 'base', Size: 150, RepoTags: null, Containers: 1, Created: 1_700_000_000 },
    { Id: 'orphan', ParentId: 'gone', Size: 7, RepoTags: null },
  ];
  handlers['GET images/json'] = (_, response) => void response.end(JSON.stringify(images));
  handlers['GET containers/json'] = (_, response) =>
    void response.end(JSON.stringify([{ Id: 'c', Command: ['buildah'] }]));
  const { items, isBuilding } = await (await openEngine(transport)).storage.list('removable');
  expect(isBuilding).toBe(true);
  expect(items).toEqual([
    { kind: 'image', id: 'base', names: ['base:1'], bytes: 100, parents: [], isUsed: false },
    {
      kind: 'image',
      id: 'child',
      names: [],
      bytes: 50,
      createdAt: 1_700_000_000_000,
      parents: ['base'],
      isUsed: true,
    },
    { kind: 'image', id: 'orphan', names: [], bytes: 7, parents: [], isUsed: false },
  ]);
});

function reportInfo(arch: string, variant: string): void {
  handlers['GET info'] = (_, response) =>
    void response.end(
      JSON.stringify({
        host: {
          os: 'linux',
          arch,
          variant,
          hostname: 'raspberry',
          distribution: { distribution: 'debian', version: '12' },
          security: { rootless: true },
          cpus: 4,
          memTotal: 8,
          memFree: 3,
        },
        store: { graphRoot: '/g', graphRootAllocated: 100, graphRootUsed: 40 },
        version: { Version: '4.3.1' },
      }),
    );
}

test('a node that refuses commands can be probed', async () => {
  reportInfo('arm64', 'v8');
  const node = await (await openEngine(transport)).probe();
  expect(node).toMatchObject({
    connection: 'pi4',
    engine: 'podman',
    version: '4.3.1',
    platform: 'linux/arm64',
    emulated: [],
    distribution: 'debian 12',
    rootless: true,
    disk: { total: 100, free: 60 },
  });
});

test.each([
  ['v8', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm/v7']],
  ['v6', 'linux/arm/v6', ['linux/arm/v5', 'linux/arm/v6']],
])('a 32-bit podman on a processor that it calls %s runs %s', async (variant, platform, native) => {
  reportInfo('arm', variant);
  const node = await (await openEngine(transport)).probe();
  expect(node.platform).toBe(platform);
  expect([...modesOf(node).keys()].sort()).toEqual(native);
});

test('the program of a step is killed if podman dies', async () => {
  const commands: string[] = [];
  const { run } = transport;
  transport = {
    ...transport,
    run: (command) => {
      commands.push(command);
      return run(command);
    },
  };
  handlers['POST build'] = afterContext((response) => {
    response.write(message('STEP 1/2: FROM scratch\n') + message('STEP 2/2: RUN sleep 9\n'));
    setImmediate(() => response.destroy());
  });
  await expect(build()).rejects.toEqual(problem('engine.unreachable', /pi4/));
  expect(commands.some((command) => command.includes('/dev/shm'))).toBe(true);
});

test('an image is removed with all of its names, which it gets again if it is in use after all', async () => {
  const requests: string[] = [];
  const note = (request: { url?: string | undefined }, verb: string): void => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    requests.push(`${verb} ${query.get('repo')}:${query.get('tag')}`);
  };
  for (const verb of ['tag', 'untag']) {
    handlers[`POST images/one/${verb}`] = (request, response) => {
      note(request, verb);
      response.writeHead(201).end();
    };
  }
  handlers['DELETE images/one'] = status(409, 'image is in use by a container');
  const item = { kind: 'image', id: 'one', names: ['a:1', 'b:1'], bytes: 7, parents: [], isUsed: false } as const;
  await (await openEngine(transport)).storage.remove([item], { bases: [] });
  expect(requests).toEqual(['untag b:1', 'tag b:1']);
});

test('an image without a name that stays has one while what is based on it is removed', async () => {
  const requests: string[] = [];
  const answer =
    (text: string): (typeof handlers)[string] =>
    (_, response) => {
      requests.push(text);
      response.writeHead(200).end(JSON.stringify({ Deleted: ['child'] }));
    };
  handlers['POST images/base/tag'] = answer('tag base');
  handlers['POST images/base/untag'] = answer('untag base');
  handlers['DELETE images/child'] = answer('delete child');
  const item = { kind: 'image', id: 'child', names: [], bytes: 7, parents: ['base'], isUsed: false } as const;
  await (await openEngine(transport)).storage.remove([item], { bases: ['base'] });
  expect(requests).toEqual(['tag base', 'delete child', 'untag base']);
});
