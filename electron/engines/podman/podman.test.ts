import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePlatform } from '../../../shared/platform.ts';
import { fail } from '../../../shared/problem.ts';
import { buildName } from '../build-name.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { testBuild } from '../testing/engine-build.ts';
import { openLocalTransport } from '../transport/local-transport.ts';
import type { Transport } from '../transport/transport.ts';

/** What an engine does that a real one can hardly be made to do: an HTTP server in its place. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let answers: Record<string, Answer>;
let folder: string;
let server: Server;
let transport: Transport;

const podmanPing: Answer = (_, response) => {
  response.setHeader('Libpod-API-Version', '4.3.1').end('OK');
};
const none: Answer = (_, response) => void response.end('[]');
const status =
  (code: number, message: string): Answer =>
  (_, response) =>
    void response.writeHead(code).end(JSON.stringify({ cause: 'x', message, response: code }));

beforeEach(async () => {
  answers = { 'GET /_ping': podmanPing, 'GET containers/json': none };
  folder = await mkdtemp(join(tmpdir(), 'engine-'));
  server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '').replace('/v4.0.0/libpod/', '');
    (answers[`${request.method} ${path}`] ?? status(404, `nothing at ${path}`))(request, response);
  });
  const socketPath = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const local = await openLocalTransport({ name: 'pi4', socketPath });
  // commands would look for the processes of a build on the machine that runs the tests
  transport = { ...local, run: () => Promise.reject(fail('ssh.channel', 'Refused.', 'Allow it.')) };
});

afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function build(
  change: Partial<EngineBuild> = {},
  signal = new AbortController().signal,
  onOutput: (output: EngineOutput) => void = () => {},
) {
  const said: EngineOutput[] = [];
  const engine = await openEngine(transport);
  const result = await engine.build(
    testBuild(change),
    (output) => {
      said.push(output);
      onOutput(output);
    },
    signal,
  );
  return { ...result, said };
}

const problem = (code: string, message: string | RegExp) =>
  expect.objectContaining({
    problem: expect.objectContaining({ code, message: expect.stringMatching(message) }),
  });

/** Answers a build when its context is there. */
const afterContext =
  (answer: (response: ServerResponse) => void): Answer =>
  (request, response) => {
    request.resume().once('end', () => answer(response));
  };
const image = 'a'.repeat(64);
const message = (stream: string) => `${JSON.stringify({ stream })}\n`;

test('podman before 4.0 is refused', async () => {
  answers['GET /_ping'] = (_, response) => void response.setHeader('Libpod-API-Version', '3.4.4').end('OK');
  await expect(openEngine(transport)).rejects.toEqual(problem('engine.unsupported', /podman 3\.4\.4.*too old/));
});

test('what is no engine is told so', async () => {
  answers['GET /_ping'] = status(404, 'no');
  await expect(openEngine(transport)).rejects.toEqual(problem('engine.answer', /is no container engine/));
});

test('a build says its platform, its file and its arguments in the way that every podman reads them', async () => {
  let query = new URLSearchParams();
  answers['POST build'] = (request, response) => {
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
    labels: '{}',
    excludes: '[".git"]',
    target: 'app',
    pullpolicy: 'ifnewer',
    nocache: '1',
  });
});

test('two builds never carry the same mark', async () => {
  const sizes = new Set<string | null>();
  answers['POST build'] = (request, response) => {
    sizes.add(new URL(request.url ?? '', 'http://x').searchParams.get('shmsize'));
    afterContext(() => response.end(message(`${image}\n`)))(request, response);
  };
  await Promise.all([build(), build(), build()]);
  expect(sizes.size).toBe(3);
});

test('an engine that refuses a build before it has read the context stops it from being sent', async () => {
  answers['POST build'] = status(400, 'failed to parse query parameter');
  const context = Readable.from(endless(), { objectMode: false });
  await expect(build({ context: () => context })).rejects.toEqual(
    problem('engine.refused', /podman could not start the build: failed to parse query parameter/),
  );
  expect(context.destroyed).toBe(true);
});

function* endless() {
  for (;;) {
    yield Buffer.alloc(65_536, 1);
  }
}

test('a stream that ends without an image is a failure', async () => {
  answers['POST build'] = afterContext((response) => response.end(message('STEP 1/1: FROM scratch\n')));
  await expect(build()).rejects.toEqual(problem('build.no-image', /without naming an image/));
});

test('an error after an id is a failure', async () => {
  answers['POST build'] = afterContext((response) =>
    response.end(`${message(`${image}\n`)}${JSON.stringify({ error: 'tagging failed' })}\n`),
  );
  await expect(build()).rejects.toEqual(problem('build.failed', /tagging failed/));
});

test('an engine that dies in the middle of a build is unreachable', async () => {
  answers['POST build'] = afterContext((response) => {
    response.write(message('STEP 1/1: RUN x\n'), () => response.destroy());
  });
  await expect(build()).rejects.toEqual(problem('engine.unreachable', /^Node pi4/));
});

test('a context that cannot be read on fails the build with its own reason', async () => {
  answers['POST build'] = () => {};
  const changed = fail('context.changed', 'It changed.', 'Again.');
  async function* context() {
    yield Buffer.alloc(1024, 1);
    throw changed;
  }
  await expect(build({ context: () => Readable.from(context(), { objectMode: false }) })).rejects.toBe(changed);
});

test('a cancelled build rejects with the reason of its signal, and its request is closed', async () => {
  const closed = new Promise((resolve) => {
    answers['POST build'] = (request, response) => {
      response.once('close', resolve);
      afterContext(() => response.write(message('STEP 1/1: RUN x\n')))(request, response);
    };
  });
  const reason = fail('build.cancelled', 'Build 7 was cancelled.', 'Start it again.');
  const controller = new AbortController();
  const running = build({}, controller.signal, ({ kind }) => kind === 'step' && controller.abort(reason));
  await expect(running).rejects.toBe(reason);
  await closed;
  await expect(build({}, controller.signal)).rejects.toBe(reason);
});

test('a cancelled build waits until podman has taken its containers away', async () => {
  const container = { Id: 'c1', ImageID: '', Command: ['buildah'] };
  const lists = [[], [container], [container], [], []];
  answers['GET containers/json'] = (_, response) => void response.end(JSON.stringify(lists.shift() ?? []));
  answers['POST build'] = afterContext((response) => response.write(message('STEP 1/1: FROM scratch\n')));
  const controller = new AbortController();
  const running = build({}, controller.signal, ({ kind }) => kind === 'step' && controller.abort());
  await expect(running).rejects.toEqual(problem('build.cancelled', /./));
  expect(lists).toEqual([]);
});

test('an image of another platform out of the cache is built again without the cache', async () => {
  const queries: (string | null)[] = [];
  const other = 'b'.repeat(64);
  answers['POST build'] = (request, response) => {
    queries.push(new URL(request.url ?? '', 'http://x').searchParams.get('nocache'));
    const cached = queries.length === 1 ? message(`--> Using cache ${image}\n`) : '';
    afterContext(() =>
      response.end(
        `${message('STEP 1/1: COPY a /a\n')}${cached}${message(`${queries.length === 1 ? image : other}\n`)}`,
      ),
    )(request, response);
  };
  answers[`GET images/${image}/json`] = (_, response) =>
    void response.end(JSON.stringify({ Os: 'linux', Architecture: 'amd64' }));
  const { imageId, said } = await build();
  expect(imageId).toBe(other);
  expect(queries).toEqual([null, '1']);
  expect(said.filter(({ kind }) => kind === 'context-read')).toHaveLength(1);
});

test('a push that fails says what podman said in its stream', async () => {
  answers['POST images/x/push'] = (_, response) => {
    response.write(message('Copying blob sha256:1\n'));
    response.end(`${JSON.stringify({ error: 'writing blob: received unexpected HTTP status: 500' })}\n`);
  };
  const engine = await openEngine(transport);
  const target = { host: '127.0.0.1', port: 1, repository: 'r', tag: 't', username: 'u', password: 'p' };
  await expect(engine.push('x', target, new AbortController().signal)).rejects.toEqual(
    problem('engine.refused', /could not push the image: writing blob/),
  );
});

test.each([
  [404, 'x: image not known'],
  [409, 'image used by 8897d62fa934: image is in use by a container'],
  [500, 'unable to delete image "x" by ID with more than one tag ([a:1 a:2]): please force removal'],
])('an image that is gone or in use stays, without a failure (%i)', async (code, said) => {
  answers['DELETE images/x'] = status(code, said);
  await expect((await openEngine(transport)).remove('x')).resolves.toBe(false);
});

test('a removal that podman cannot do is a failure', async () => {
  answers['DELETE images/x'] = status(500, 'layer is broken');
  await expect((await openEngine(transport)).remove('x')).rejects.toEqual(problem('engine.refused', /layer is broken/));
});

test('what a prune frees counts a parent once', async () => {
  const images = [
    { Id: 'base', Size: 100, RepoTags: null },
    { Id: 'child', ParentId: 'base', Size: 150, RepoTags: null },
    { Id: 'kept', ParentId: 'base', Size: 130, RepoTags: ['x:1'] },
    { Id: 'single', Size: 7, RepoTags: null },
  ];
  answers['GET images/json'] = (_, response) => void response.end(JSON.stringify(images));
  answers['POST images/prune'] = (_, response) =>
    void response.end(
      JSON.stringify([
        { Id: 'child', Size: 150 },
        { Id: 'single', Size: 7 },
      ]),
    );
  const engine = await openEngine(transport);
  await expect(engine.diskUsage()).resolves.toEqual({ imagesBytes: 187, reclaimableBytes: 57 });
  await expect(engine.prune()).resolves.toBe(57);
});

test('a prune beside a build removes what no build uses', async () => {
  let images = [
    { Id: 'base', Size: 100, RepoTags: null, Created: 1_000 },
    { Id: 'used', ParentId: 'base', Size: 150, RepoTags: null, Created: 2_000 },
    { Id: 'free', Size: 7, RepoTags: null, Created: 2_000 },
    // what a build has made just now, and will go on from
    { Id: 'fresh', Size: 9, RepoTags: null, Created: 8_000 },
  ];
  const asked: string[] = [];
  answers['GET images/json'] = (_, response) => void response.end(JSON.stringify(images));
  answers['POST images/prune'] = status(500, 'image used by 671629bd: image is in use by a container: consider …');
  answers['DELETE images/used'] = (_, response) => {
    asked.push('used');
    response.writeHead(409).end(JSON.stringify({ message: 'image used by 671629bd' }));
  };
  answers['DELETE images/free'] = (_, response) => {
    asked.push('free');
    images = images.filter(({ Id }) => Id !== 'free');
    response.end(JSON.stringify({ Deleted: ['free'] }));
  };
  await expect((await openEngine(transport)).prune()).resolves.toBe(7);
  // what others are built on goes with them, or not at all
  expect(asked).toEqual(['used', 'free']);
});

test('a node that refuses commands is probed without them', async () => {
  answers['GET info'] = (_, response) =>
    void response.end(
      JSON.stringify({
        host: {
          os: 'linux',
          arch: 'arm64',
          variant: 'v8',
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

test('what a step runs is ended also where the engine dies under it', async () => {
  const commands: string[] = [];
  const { run } = transport;
  transport = {
    ...transport,
    run: (command) => {
      commands.push(command);
      return run(command);
    },
  };
  answers['POST build'] = afterContext((response) => {
    response.write(message('STEP 1/2: FROM scratch\nSTEP 2/2: RUN sleep 9\n'));
    setImmediate(() => response.destroy());
  });
  await expect(build()).rejects.toEqual(problem('engine.unreachable', /pi4/));
  expect(commands.some((command) => command.includes('/dev/shm'))).toBe(true);
});

test('a prune takes the names away that killed builds have left, and no others, before it removes what is dangling', async () => {
  const left = 'localhost/barnraiser/0a1b2c:linux-arm64-zz-00000001';
  const running = buildName('0a1b2c', parsePlatform('linux/arm64') ?? expect.fail('no platform'));
  const asked: string[] = [];
  answers['GET images/json'] = (_, response) =>
    void response.end(JSON.stringify([{ Id: 'one', Size: 7, RepoTags: [left, 'localhost/api:1', running] }]));
  answers['POST images/one/untag'] = (request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    asked.push(`untag ${query.get('repo')}:${query.get('tag')}`);
    response.writeHead(201).end();
  };
  answers['POST images/prune'] = (_, response) => {
    asked.push('prune');
    response.end(JSON.stringify([{ Id: 'one' }]));
  };
  expect(await (await openEngine(transport)).prune()).toBe(7);
  expect(asked).toEqual([`untag ${left}`, 'prune']);
});
