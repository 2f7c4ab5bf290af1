import { spawnSync } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLocalTransport } from './local-transport.ts';
import { echoOverUpgrade, upgradeToEcho } from './testing/echo-upgrade.ts';
import type { Transport } from './transport.ts';

let folder: string;
let socketPath: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-'));
  socketPath = join(folder, 'engine.sock');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

async function open(): Promise<Transport> {
  const engine = createServer(async (request, response) => {
    response.end(`${request.method} ${request.url} ${await text(request)}`);
  });
  engine.on('upgrade', upgradeToEcho);
  engine.listen(socketPath);
  await once(engine, 'listening');
  const transport = await openLocalTransport({ name: 'here', socketPath });
  cleanups.push(() => {
    engine.closeAllConnections();
    engine.close();
    return transport.close();
  });
  return transport;
}

test('many requests reach the engine at once', async () => {
  const transport = await open();
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, index) =>
      text((await transport.request({ method: 'POST', path: `/${index}`, body: 'x' })).body),
    ),
  );
  expect(answers).toEqual(Array.from({ length: 20 }, (_, index) => `POST /${index} x`));
});

describe('a dialed stream', () => {
  test('carries another protocol after an upgrade, and ends with the transport', async () => {
    const transport = await open();
    const stream = await transport.dial();
    expect(await echoOverUpgrade(stream, 'hello')).toBe('hello');
    await transport.close();
    expect(stream.destroyed).toBe(true);
  });

  test('is not waited for when its signal has aborted', async () => {
    const transport = await open();
    await expect(transport.dial(AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  });
});

describe('the socket', () => {
  test.each([
    ['buildkitd.sock', /^Node here: no BuildKit socket at /, /systemctl .*enable --now buildkit`/],
    ['docker.sock', /^Node here: no docker socket at /, /systemctl .*enable --now docker/],
  ])('that does not exist is called by its engine: %s', async (name, message, fix) => {
    await expect(openLocalTransport({ name: 'here', socketPath: join(folder, name) })).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', message: expect.stringMatching(message), fix: expect.stringMatching(fix) },
    });
  });

  test('with a path that the system would cut off is refused', async () => {
    const longPath = join(folder, 'x'.repeat(120));
    await expect(openLocalTransport({ name: 'here', socketPath: longPath })).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', message: expect.stringContaining('is longer than 10') },
    });
  });

  test('in a folder named docker is still of podman', async () => {
    await expect(
      openLocalTransport({ name: 'here', socketPath: '/home/docker/podman/podman.sock' }),
    ).rejects.toMatchObject({
      problem: { message: 'Node here: no podman socket at /home/docker/podman/podman.sock.' },
    });
  });

  test('that is missing is reported with its path', async () => {
    await expect(openLocalTransport({ name: 'here', socketPath })).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', message: `Node here: no podman socket at ${socketPath}.` },
    });
  });

  test('that no process listens on is reported with its path', async () => {
    // a socket file stays when its process is killed
    const listener = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', listener, socketPath]);
    await expect(openLocalTransport({ name: 'here', socketPath })).rejects.toMatchObject({
      problem: { code: 'engine.no-socket', message: `Node here: no engine is listening on the socket ${socketPath}.` },
    });
  });
});

test("docker's socket that exists but refuses is reported if there is no other engine", async () => {
  const socket = join(folder, 'var/run/docker.sock');
  await mkdir(join(folder, 'var/run'), { recursive: true });
  const listener = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listener, socket]);
  // on macOS the podman command is not tried
  const paths = { env: {}, home: folder, platform: 'darwin', uid: 1000, root: folder } as const;
  await expect(openLocalTransport({ name: 'here' }, paths)).rejects.toMatchObject({
    problem: { code: 'engine.no-socket', message: `Node here: no engine is listening on the socket ${socket}.` },
  });
  await rm(socket);
  await expect(openLocalTransport({ name: 'here' }, paths)).rejects.toMatchObject({
    problem: { message: expect.stringContaining('no podman, docker or BuildKit socket that you may use') },
  });
});

describe('a command', () => {
  test('runs in a shell and returns its output and exit code', async () => {
    const transport = await open();
    expect(await transport.run("echo it\\'s out; echo err >&2; exit 3")).toEqual({
      code: 3,
      stdout: "it's out\n",
      stderr: 'err\n',
    });
    expect(await transport.run('kill -KILL $$')).toMatchObject({ code: 137 });
  });

  test('that cannot be started leaves neither a timer nor a listener', async () => {
    const transport = await open();
    vi.stubEnv('PATH', '/nonexistent');
    cleanups.push(() => vi.unstubAllEnvs());
    const { signal } = new AbortController();
    await expect(transport.run('true', { signal, timeoutMs: 60_000 })).rejects.toMatchObject({
      problem: { code: 'engine.unsupported', message: expect.stringContaining('has no shell') },
    });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('is stopped, with its child processes, by its signal and by its timeout', async () => {
    const transport = await open();
    const controller = new AbortController();
    const aborted = transport.run('sleep 60', { signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(aborted).rejects.toThrow('cancelled');

    // a grandchild that stays connected as long as it lives
    const watch = join(folder, 'watch.sock');
    const watcher = createTcpServer().listen(watch);
    cleanups.push(() => watcher.close());
    const grandchild = `'${process.execPath}' -e 'require("node:net").connect("${watch}")'`;
    const timedOut = expect(transport.run(`${grandchild} & wait`, { timeoutMs: 1_000 })).rejects.toMatchObject({
      problem: { message: expect.stringContaining('within 1 s') },
    });
    const [socket] = await once(watcher, 'connection');
    await Promise.all([timedOut, once(socket.resume(), 'close')]);
  });
});

describe('a forwarded server', () => {
  test('responds on a port of this computer until the port is closed', async () => {
    const transport = await open();
    const server = createServer((_request, response) => {
      response.end('hello');
    });
    const { port, close } = await transport.forwardPort(server, 0);
    const request = httpRequest({ port, host: '127.0.0.1', agent: false }).end();
    const [response] = await once(request, 'response');
    expect(await text(response)).toBe('hello');
    await close();
    await expect(once(httpRequest({ port, host: '127.0.0.1', agent: false }).end(), 'response')).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('responds on another port if the requested one is in use', async () => {
    const transport = await open();
    const blocker = createTcpServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    cleanups.push(() => blocker.close());
    const address = blocker.address();
    const requested = typeof address === 'object' && address ? address.port : 0;
    const forward = await transport.forwardPort(createServer(), requested);
    expect(forward.port).not.toBe(requested);
    await forward.close();
  });
});
