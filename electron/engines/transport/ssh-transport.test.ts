import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import { KnownHosts } from '../../ssh/known-hosts/known-hosts.ts';
import { openSession, type Session } from '../../ssh/session.ts';
import { makeKey, TestServer, type TestServerOptions } from '../../ssh/testing/test-server.ts';
import { openSshTransport } from './ssh-transport.ts';
import { echoOverUpgrade, upgradeToEcho } from './testing/echo-upgrade.ts';
import type { Transport } from './transport.ts';

const hostKey = makeKey();
const userKey = makeKey();

let folder: string;
let socketPath: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transport-'));
  socketPath = join(folder, 'engine.sock');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

async function openNode(options: Partial<TestServerOptions> = {}): Promise<{ server: TestServer; session: Session }> {
  const identity = join(folder, 'key');
  const hosts = join(folder, 'known_hosts');
  const server = await TestServer.start({ hostKeys: [hostKey], userKeys: [userKey], ...options });
  cleanups.push(() => server.stop());
  await writeFile(identity, userKey.text);
  await writeFile(hosts, `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const session = await openSession({
    name: 'pi4',
    host: '127.0.0.1',
    port: server.port,
    user: 'kim',
    identity,
    agentSocket: '',
    knownHosts: await KnownHosts.load([hosts]),
    decideHostKey: async () => false,
  });
  cleanups.push(() => session.close());
  return { server, session };
}

test('no stream to a command is opened on a node that has just not started one', async () => {
  await startEngine((_request, response) => response.end());
  const { session } = await openNode({ forcedCommand: 'cat' });
  const transport = await openSshTransport(session, { socketPath, ownsSession: false });
  cleanups.push(() => transport.close());
  const opened = await transport.openCommand?.('true');
  opened?.destroy();
  await expect(transport.run('true', { signal: AbortSignal.timeout(200) })).rejects.toThrow();
  await expect(transport.openCommand?.('true')).rejects.toMatchObject({ problem: { code: 'ssh.shell' } });
});

/** Stands in for an engine: a real HTTP server on a real unix socket. */
async function startEngine(handler: RequestListener): Promise<{ connections: () => number }> {
  let connections = 0;
  const engine = createServer(handler);
  engine.on('connection', () => connections++);
  engine.on('upgrade', upgradeToEcho);
  engine.listen(socketPath);
  await once(engine, 'listening');
  cleanups.push(() => {
    engine.closeAllConnections();
    engine.close();
  });
  return { connections: () => connections };
}

async function open(handler: RequestListener): Promise<Transport & { server: TestServer; connections: () => number }> {
  const { connections } = await startEngine(handler);
  const { server, session } = await openNode();
  const transport = await openSshTransport(session, { socketPath, ownsSession: true });
  return { ...transport, server, connections };
}

async function get(transport: Transport, path: string): Promise<string> {
  return text((await transport.request({ method: 'GET', path })).body);
}

describe('a request', () => {
  test('reaches the engine and returns status, headers and body', async () => {
    const transport = await open(async (request, response) => {
      response.writeHead(201, { 'x-engine': 'yes' }).end(`${request.method} ${request.url} ${await text(request)}`);
    });
    const answer = await transport.request({ method: 'POST', path: '/build?t=x', body: 'context' });
    expect(answer).toMatchObject({ status: 201, headers: { 'x-engine': 'yes' } });
    expect(await text(answer.body)).toBe('POST /build?t=x context');
    expect(transport.socketPath).toBe(socketPath);
  });

  test('streams bodies of any length in both directions', async () => {
    const transport = await open((request, response) => {
      request.pipe(response);
    });
    const chunk = Buffer.alloc(64 * 1024, 'a');
    const answer = await transport.request({
      method: 'POST',
      path: '/',
      body: Readable.from(Array.from({ length: 512 }, () => chunk)),
    });
    let bytes = 0;
    for await (const part of answer.body) {
      bytes += part.length;
    }
    expect(bytes).toBe(32 * 1024 * 1024);
  });

  test('shares six kept connections with nineteen others', async () => {
    const transport = await open((request, response) => {
      response.end(request.url);
    });
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    expect(await Promise.all(paths.map((path) => get(transport, path)))).toEqual(paths);
    expect(await get(transport, '/again')).toBe('/again');
    expect(transport.connections()).toBeLessThanOrEqual(6);
  });

  test('does not block others if its small response is not read', async () => {
    const transport = await open((_request, response) => {
      response.end('ignored');
    });
    for (let count = 0; count < 20; count++) {
      expect((await transport.request({ method: 'DELETE', path: '/' })).status).toBe(200);
    }
  });

  test('rejects with the reason of its signal and closes its connection', async () => {
    const closed = new AbortController();
    const transport = await open((request) => {
      request.once('close', () => closed.abort());
      controller.abort(new Error('cancelled'));
    });
    const controller = new AbortController();
    const answer = transport.request({ method: 'GET', path: '/', signal: controller.signal });
    await expect(answer).rejects.toThrow('cancelled');
    await (closed.signal.aborted || once(closed.signal, 'abort'));
  });

  test('stops in the middle of its response', async () => {
    const closed = new AbortController();
    const transport = await open((_request, response) => {
      response.once('close', () => closed.abort());
      response.write('some');
    });
    const controller = new AbortController();
    const { body } = await transport.request({ method: 'GET', path: '/', signal: controller.signal });
    await once(body, 'readable');
    controller.abort(new Error('cancelled'));
    await expect(text(body)).rejects.toThrow('cancelled');
    await (closed.signal.aborted || once(closed.signal, 'abort'));
  });

  test('that waits for a slot stops when its signal aborts', async () => {
    const transport = await open(() => {});
    const controller = new AbortController();
    const stuck = Promise.allSettled(Array.from({ length: 6 }, () => transport.request({ method: 'GET', path: '/' })));
    const waiting = transport.request({ method: 'GET', path: '/', signal: controller.signal });
    controller.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await transport.close();
    await stuck;
  });

  test('times out if the engine does not respond', async () => {
    const transport = await open(() => {});
    await expect(transport.request({ method: 'GET', path: '/slow?x=1', timeoutMs: 30 })).rejects.toMatchObject({
      problem: { code: 'engine.unreachable', message: expect.stringContaining('GET /slow within 0.03 s') },
    });
  });

  test('fails with the error of its body', async () => {
    const transport = await open((request) => request.resume());
    const body = new Readable({
      read() {
        this.destroy(fail('context.changed', 'A file changed.', 'Build again.'));
      },
    });
    await expect(transport.request({ method: 'POST', path: '/', body })).rejects.toMatchObject({
      problem: { code: 'context.changed' },
    });
  });

  test('gets a response before its body was read, and the body is destroyed', async () => {
    const transport = await open((request, response) => {
      // like an engine, which does not close the connection before its response has arrived
      request.resume();
      response.writeHead(400).end('no');
    });
    const body = new Readable({
      read() {
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    const answer = await transport.request({ method: 'POST', path: '/', body });
    expect(answer.status).toBe(400);
    expect(await text(answer.body)).toBe('no');
    await (body.destroyed || once(body, 'close'));
  });

  test('fails if the engine closes the connection before or during its response', async () => {
    const transport = await open((request, response) => {
      if (request.url === '/before') {
        request.socket.destroy();
      } else {
        response.write('half', () => request.socket.destroy());
      }
    });
    await expect(get(transport, '/before')).rejects.toMatchObject({
      problem: {
        code: 'engine.unreachable',
        message: 'Node pi4: the engine closed the connection during GET /before.',
      },
    });
    await expect(get(transport, '/in')).rejects.toMatchObject({ problem: { code: 'engine.unreachable' } });
  });

  test('is sent again if the engine closed the kept connection', async () => {
    let closeNext = false;
    const transport = await open((request, response) => {
      if (closeNext) {
        // like an engine that ends itself when idle: the request meets a closing connection
        closeNext = false;
        request.socket.destroy();
      } else {
        response.end('answer');
      }
    });
    expect(await get(transport, '/')).toBe('answer');
    closeNext = true;
    expect(await get(transport, '/')).toBe('answer');
    expect(closeNext).toBe(false);
  });

  test('fails with the reason if the SSH connection is lost before or during its response', async () => {
    const transport = await open((request, response) => {
      if (request.url === '/in') {
        response.write('some');
      }
    });
    const { body } = await transport.request({ method: 'GET', path: '/in' });
    const waiting = transport.request({ method: 'GET', path: '/before' });
    transport.server.cut();
    await expect(waiting).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    await expect(text(body)).rejects.toBe(transport.lost.reason);
    await expect(transport.request({ method: 'GET', path: '/' })).rejects.toBe(transport.lost.reason);
  });
});

describe('a dialed stream', () => {
  test('carries another protocol after an upgrade, and breaks when the SSH connection is lost', async () => {
    const transport = await open(() => {});
    const stream = await transport.dial();
    expect(await echoOverUpgrade(stream, 'hello')).toBe('hello');
    const closed = expect(once(stream, 'close')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    transport.server.cut();
    await closed;
    await expect(transport.dial()).rejects.toBe(transport.lost.reason);
  });

  test('does not wait for requests that take all of their connections', async () => {
    await startEngine(() => {});
    const { session } = await openNode();
    const transport = await openSshTransport(session, { socketPath, ownsSession: true });
    const stuck = Promise.allSettled(Array.from({ length: 6 }, () => transport.request({ method: 'GET', path: '/' })));
    expect(await echoOverUpgrade(await transport.dial(), 'hello')).toBe('hello');
    await transport.close();
    await stuck;
  });
});

describe('the socket', () => {
  test('that is missing fails, with the command that starts one', async () => {
    const { session } = await openNode();
    const rootless = '/run/user/4711/podman/podman.sock';
    await expect(openSshTransport(session, { socketPath: rootless, ownsSession: true })).rejects.toMatchObject({
      problem: {
        code: 'engine.no-socket',
        message: `Node pi4: no podman socket at ${rootless}.`,
        fix: expect.stringContaining('`systemctl --user enable --now podman.socket`'),
      },
    });
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  });

  test('that neither forwarding nor a command can reach fails as refused', async () => {
    const path = join(folder, "it's.sock");
    const mute = createTcpServer((socket) => socket.destroy());
    mute.listen(path);
    await once(mute, 'listening');
    cleanups.push(() => mute.close());
    const { session } = await openNode({ streamLocal: false });
    await expect(openSshTransport(session, { socketPath: path, ownsSession: false })).rejects.toMatchObject({
      problem: { code: 'ssh.forwarding-refused', fix: expect.stringContaining('AllowStreamLocalForwarding') },
    });
    expect((await session.run('echo open')).stdout).toBe('open\n');
  });

  test('is found at the path that podman reports', async () => {
    await startEngine((_request, response) => {
      response.end('found');
    });
    const bin = join(folder, 'bin');
    const { session } = await openNode();
    await session.run(
      `mkdir ${bin}; printf '#!/bin/sh\\necho unix://${socketPath}\\n' > ${bin}/podman; chmod +x ${bin}/podman`,
    );
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
    const transport = await openSshTransport(session, { ownsSession: true });
    expect(transport.socketPath).toBe(socketPath);
    expect(await get(transport, '/')).toBe('found');
  });

  test('is reached through podman dial-stdio if forwarding is forbidden', async () => {
    const { connections } = await startEngine((request, response) => {
      response.end(`found ${request.url}`);
    });
    const bin = join(folder, 'bin');
    const { session } = await openNode({ streamLocal: false });
    // stands in for podman: connects its stdin and stdout to the socket in --url
    const dial = `#!${process.execPath}
      const socket = require('node:net').connect(process.argv[3].replace('unix://', ''));
      process.stdin.pipe(socket).pipe(process.stdout);`;
    await session.run(`mkdir ${bin}`);
    await writeFile(join(bin, 'podman'), dial, { mode: 0o755 });
    vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
    const transport = await openSshTransport(session, { socketPath, ownsSession: true });
    expect(await get(transport, '/info')).toBe('found /info');
    expect(connections()).toBeGreaterThan(0);
    expect(await echoOverUpgrade(await transport.dial(), 'hello')).toBe('hello');
  });
});

describe('a forwarded server', () => {
  test('responds on several ports of the node at once', async () => {
    const { session } = await openNode();
    await startEngine((_request, response) => {
      response.end();
    });
    const transport = await openSshTransport(session, { socketPath, ownsSession: true });
    const server = createServer(async (request, response) => {
      response.end(`${request.method} ${request.url} ${await text(request)}`);
    });
    const forwards = await Promise.all([transport.forwardPort(server, 0), transport.forwardPort(server, 0)]);
    expect(forwards[0].port).not.toBe(forwards[1].port);
    for (const { port } of forwards) {
      const request = httpRequest({ port, host: '127.0.0.1', method: 'PUT', path: '/v2/' });
      request.end('blob');
      const [response] = await once(request, 'response');
      expect(await text(response)).toBe('PUT /v2/ blob');
    }
    await forwards[0].close();
    const late = httpRequest({ port: forwards[0].port, host: '127.0.0.1' });
    late.end();
    await expect(once(late, 'response')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await forwards[1].close();
  });

  test('loses its connections if the SSH connection is lost', async () => {
    const { server: node, session } = await openNode();
    await startEngine((_request, response) => {
      response.end();
    });
    const transport = await openSshTransport(session, { socketPath, ownsSession: true });
    const closed = new AbortController();
    const server = createServer((request) => {
      request.once('close', () => closed.abort());
      node.cut();
    });
    const { port } = await transport.forwardPort(server, 0);
    const request = httpRequest({ port, host: '127.0.0.1' });
    request.on('error', () => {});
    request.end();
    await once(closed.signal, 'abort');
    expect(transport.lost.aborted).toBe(true);
  });
});
