import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { isRunning } from '../system/testing/is-running.ts';
import { KnownHosts } from './known-hosts/known-hosts.ts';
import { fingerprint } from './public-key.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { makeKey, portOf, TestServer, type TestServerOptions } from './testing/test-server.ts';

const hostKey = makeKey();
const otherKey = makeKey();
const ecdsaKey = makeKey('ecdsa');
const userKey = makeKey();

let folder: string;
let identity: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'));
  identity = join(folder, 'key');
  await writeFile(identity, userKey.text, { mode: 0o600 });
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
  await rm(folder, { recursive: true });
});

async function startServer(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await TestServer.start({ hostKeys: [hostKey], userKeys: [userKey], ...options });
  cleanups.push(() => server.stop());
  return server;
}

async function knownHostsWith(...lines: string[]): Promise<KnownHosts> {
  const file = join(folder, 'known_hosts');
  await writeFile(file, `${lines.join('\n')}\n`);
  return KnownHosts.load([file]);
}

async function open(server: { port: number }, options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = await openSession({
    name: 'pi4',
    host: '127.0.0.1',
    port: server.port,
    user: 'kim',
    identity,
    agentSocket: '',
    knownHosts: await knownHostsWith(`[127.0.0.1]:${server.port} ${hostKey.line}`),
    decideHostKey: () => Promise.reject(new Error('no decision is needed')),
    ...options,
  });
  cleanups.push(() => session.close());
  return session;
}

/** A TCP server that calls the listener for each connection. */
async function startTcp(onConnection: (socket: Socket) => void): Promise<{ port: number }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
  });
  return { port: portOf(server) };
}

/** An echo service on a unix socket, in place of an engine. */
async function startEcho(): Promise<string> {
  const path = join(folder, 'echo.sock');
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  server.listen(path);
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return path;
}

describe('a host key', () => {
  test('that is unknown is decided about without a time limit, and is used once it is accepted', async () => {
    const server = await startServer();
    const session = await open(server, {
      knownHosts: await knownHostsWith(),
      timing: { connectMs: 150 },
      decideHostKey: async (key) => {
        expect(key).toMatchObject({
          host: '127.0.0.1',
          port: server.port,
          keyType: 'ssh-ed25519',
          fingerprint: fingerprint(hostKey.wire),
        });
        expect(key.key.equals(hostKey.wire)).toBe(true);
        // longer than the time limit of the handshake
        await once(AbortSignal.timeout(300), 'abort');
        return true;
      },
    });
    expect((await session.run('echo in')).stdout).toBe('in\n');
  });

  test('that is unknown and refused ends the attempt before the sign-in, with a fix that says how to trust it', async () => {
    const server = await startServer();
    const attempt = open(server, { knownHosts: await knownHostsWith(), decideHostKey: async () => false });
    await expect(attempt).rejects.toMatchObject({
      problem: {
        code: 'ssh.host-key-unknown',
        message: expect.stringContaining(fingerprint(hostKey.wire)),
        fix: expect.stringContaining('ssh-keygen -lf'),
        actions: [{ id: 'trust-host-keys' }],
      },
    });
    expect(server.offeredKeys).toEqual([]);
  });

  test('that has changed is refused, with both fingerprints, the recorded line and a fix', async () => {
    const server = await startServer();
    const knownHosts = await knownHostsWith('', `[127.0.0.1]:${server.port} ${otherKey.line}`);
    const { code, message, fix } = problemOf(await open(server, { knownHosts }).catch((error: unknown) => error));
    expect(code).toBe('ssh.host-key-changed');
    expect(message).toContain(fingerprint(hostKey.wire));
    expect(message).toContain(fingerprint(otherKey.wire));
    expect(message).toContain(`${join(folder, 'known_hosts')}:2`);
    expect(fix).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}'`);
    expect(server.offeredKeys).toEqual([]);
  });

  test('that is revoked is refused', async () => {
    const server = await startServer();
    const knownHosts = await knownHostsWith(`[127.0.0.1]:${server.port} ${hostKey.line}`, `@revoked * ${hostKey.line}`);
    await expect(open(server, { knownHosts })).rejects.toMatchObject({ problem: { code: 'ssh.host-key-revoked' } });
  });

  test('is requested in the recorded type from a host with several keys', async () => {
    const server = await startServer({ hostKeys: [hostKey, ecdsaKey] });
    const knownHosts = await knownHostsWith(`[127.0.0.1]:${server.port} ${ecdsaKey.line}`);
    const session = await open(server, { knownHosts });
    expect((await session.run('echo in')).stdout).toBe('in\n');
  });

  test('that is not decided about ends the attempt when the host closes the connection', async () => {
    const server = await startServer();
    const attempt = open(server, {
      knownHosts: await knownHostsWith(),
      decideHostKey: () => {
        server.cut();
        return new Promise(() => {});
      },
    });
    await expect(attempt).rejects.toMatchObject({
      problem: { code: 'ssh.host-key-unknown', message: expect.stringContaining('closed the connection') },
    });
  });
});

describe('a connection that fails', () => {
  test('names the host and port that refused it', async () => {
    const server = await startTcp(() => {});
    for (const cleanup of cleanups.splice(0)) {
      cleanup();
    }
    await expect(open(server)).rejects.toMatchObject({
      problem: {
        code: 'ssh.unreachable',
        message: `Node pi4: 127.0.0.1:${server.port} refused the connection.`,
      },
    });
  });

  test('names a host that DNS does not find', async () => {
    await expect(open({ port: 22 }, { host: 'no-such-host.invalid' })).rejects.toMatchObject({
      problem: { code: 'ssh.unreachable', message: expect.stringContaining('no-such-host.invalid:22') },
    });
  });

  test.each([
    ['accepts and sends nothing', () => {}],
    ['sends only its banner', (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('times out when the server %s', async (_name, onConnection) => {
    const server = await startTcp(onConnection);
    await expect(open(server, { timing: { connectMs: 100 } })).rejects.toMatchObject({
      problem: {
        code: 'ssh.timeout',
        message: expect.stringContaining('did not complete the SSH handshake within 0.1 s'),
      },
    });
  });

  test('is a problem when the server closes the connection or is not an SSH server', async () => {
    const closing = await startTcp((socket) => socket.end());
    await expect(open(closing)).rejects.toMatchObject({ problem: { code: 'ssh.unreachable' } });
    const web = await startTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(open(web)).rejects.toMatchObject({ problem: { code: 'ssh.unreachable' } });
  });

  test('ends at once when its signal aborts', async () => {
    const controller = new AbortController();
    const server = await startTcp(() => controller.abort(new Error('aborted by the test')));
    await expect(open(server, { signal: controller.signal })).rejects.toThrow('aborted by the test');
  });

  test('names the user, the host and the refused keys', async () => {
    const server = await startServer({ userKeys: [] });
    await expect(open(server)).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: `Node pi4: 127.0.0.1:${server.port} refused to sign in user kim. Tried: the key file ${identity}. The server accepts publickey.`,
        fix: expect.stringContaining(`ssh-copy-id -p ${server.port} kim@127.0.0.1`),
      },
    });
    expect(server.offeredKeys.map((key) => key.equals(userKey.wire))).toEqual([true]);
  });
});

describe('a command', () => {
  test('returns its output and exit code', async () => {
    const session = await open(await startServer());
    expect(await session.run("echo 'it''s out'; echo err >&2; exit 3")).toEqual({
      code: 3,
      stdout: 'its out\n',
      stderr: 'err\n',
    });
  });

  test('that a signal has killed returns the code of a shell', async () => {
    const session = await open(await startServer());
    expect(await session.run('kill -KILL $$')).toMatchObject({ code: 137 });
  });

  test('has an empty stdin', async () => {
    const session = await open(await startServer());
    expect(await session.run('cat; echo done')).toMatchObject({ stdout: 'done\n' });
  });

  test('returns the first MiB of its output', async () => {
    const session = await open(await startServer());
    const { code, stdout } = await session.run("head -c 3000000 /dev/zero | tr '\\0' x");
    expect(code).toBe(0);
    expect(stdout).toBe('x'.repeat(1024 * 1024));
  });

  test('is stopped by its signal and by its time limit', async () => {
    const session = await open(await startServer());
    const controller = new AbortController();
    const aborted = session.run('sleep 60', { signal: controller.signal });
    controller.abort(new Error('aborted by the test'));
    await expect(aborted).rejects.toThrow('aborted by the test');
    await expect(session.run('sleep 61', { timeoutMs: 50 })).rejects.toMatchObject({
      problem: { code: 'ssh.timeout', message: expect.stringContaining('sleep 61') },
    });
    expect((await session.run('echo usable')).stdout).toBe('usable\n');
  });

  test('is a problem when the server runs no commands', async () => {
    const session = await open(await startServer({ commands: false }));
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.channel' } });
  });

  test('can be opened as a stream in both directions', async () => {
    const session = await open(await startServer());
    const stream = await session.openCommand('tr a-z A-Z');
    stream.end('shout');
    expect(await text(stream)).toBe('SHOUT');
  });
});

describe('a stream to a socket', () => {
  test('transfers more than the window holds, in both directions at once', async () => {
    const session = await open(await startServer());
    const stream = await session.openStreamLocal(await startEcho());
    const chunk = Buffer.alloc(1024 * 1024, 'abcdefgh');
    let sent = 0;
    const send = () => {
      while (sent < 16) {
        sent++;
        if (!stream.write(chunk)) {
          stream.once('drain', send);
          return;
        }
      }
      stream.write('end');
    };
    send();
    let received = 0;
    for await (const part of stream) {
      received += part.length;
      if (received === 16 * chunk.length + 3) {
        break;
      }
    }
    expect(received).toBe(16 * chunk.length + 3);
  });

  test('is a problem that names the socket when the server does not open it', async () => {
    const session = await open(await startServer());
    await expect(session.openStreamLocal('/nowhere.sock')).rejects.toMatchObject({
      problem: { message: 'Node pi4 did not open a connection to its socket /nowhere.sock.' },
    });
  });

  test('closes when the other side is gone, even with much data still to be written', async () => {
    const path = join(folder, 'closing.sock');
    const closing = createServer((socket) => socket.once('data', () => socket.destroy()));
    closing.listen(path);
    await once(closing, 'listening');
    cleanups.push(() => closing.close());
    const session = await open(await startServer());
    const stream = await session.openStreamLocal(path);
    stream.write(Buffer.alloc(8 * 1024 * 1024));
    stream.resume();
    await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });

  test('emits a timeout once it is idle', async () => {
    const session = await open(await startServer());
    const stream = await session.openStreamLocal(await startEcho());
    if (!('setTimeout' in stream) || typeof stream.setTimeout !== 'function') {
      throw new Error('The stream has no setTimeout, which node:http calls.');
    }
    stream.setTimeout(20);
    await once(stream, 'timeout');
    stream.destroy();
  });
});

describe('channels', () => {
  test('are limited to eight at once, and the next one waits for a slot', async () => {
    const server = await startServer();
    const session = await open(server);
    const streams = await Promise.all(Array.from({ length: 8 }, () => session.openCommand('cat')));
    const ninth = session.openCommand('echo mine');
    // a request that needs no channel: a request for the ninth would have been answered before it
    await session.forwardPort(0, () => {});
    expect(server.peakChannels).toBe(8);
    streams[3]?.end();
    streams[3]?.resume();
    expect(await text(await ninth)).toBe('mine\n');
  });

  test('run any number of commands, one after another', async () => {
    const session = await open(await startServer());
    const outcomes = await Promise.all(Array.from({ length: 30 }, (_, index) => session.run(`echo ${index}`)));
    expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  test('free their slots when they are destroyed with unread data', async () => {
    const session = await open(await startServer());
    for (let round = 0; round < 3; round++) {
      const streams = await Promise.all(
        Array.from({ length: 8 }, () => session.openCommand('head -c 5000000 /dev/zero')),
      );
      await Promise.all(streams.map((stream) => once(stream, 'readable')));
      for (const stream of streams) {
        stream.destroy();
      }
    }
    expect((await session.run('echo free')).stdout).toBe('free\n');
  });
});

describe('a server that allows two sessions at once', () => {
  test('runs any number of commands, and those beyond the limit wait', async () => {
    const server = await startServer({ maxSessions: 2 });
    const session = await open(server);
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => session.run(`echo ${index}`)));
    expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(server.refusedSessions).toBeGreaterThan(0);
    expect(session.capacity.limit).toBe(2);
  });

  test('runs a waiting command once a stream has ended, and does not count streams to sockets', async () => {
    const session = await open(await startServer({ maxSessions: 2 }));
    const [one] = await Promise.all([session.openCommand('cat'), session.openCommand('cat')]);
    const waiting = session.run('echo mine');
    const echo = await session.openStreamLocal(await startEcho());
    echo.end('hello');
    expect(await text(echo)).toBe('hello');
    expect(session.capacity.isSaturated).toBe(true);
    one.destroy();
    expect((await waiting).stdout).toBe('mine\n');
    expect(session.capacity.isSaturated).toBe(false);
  });

  test('lets a waiting command end by its signal and with the connection', async () => {
    const server = await startServer({ maxSessions: 1 });
    const session = await open(server);
    (await session.openCommand('cat')).on('error', () => {});
    const controller = new AbortController();
    const aborted = session.run('true', { signal: controller.signal });
    const lost = session.run('true');
    const rejected = expect(aborted).rejects.toThrow('aborted by the test');
    controller.abort(new Error('aborted by the test'));
    await rejected;
    const failed = expect(lost).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    server.cut();
    await failed;
  });

  test('is not the same as a server that allows none', async () => {
    const session = await open(await startServer({ maxSessions: 0 }));
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.channel' } });
  });
});

describe('a long-running command', () => {
  /** Starts a command that neither reads nor writes, and returns its process id. */
  async function start(session: Session, signal?: AbortSignal): Promise<{ pid: number; ended: Promise<unknown> }> {
    const file = join(folder, 'pid');
    const command = `sh -c 'echo $$ > ${file}; exec sleep 600'`;
    const ended = session.run(command, signal ? { signal } : {}).catch((error: unknown) => error);
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/\d\n/);
    return { pid: Number(await readFile(file, 'utf8')), ended };
  }

  test('ends on the node when its signal aborts', async () => {
    const controller = new AbortController();
    const { pid, ended } = await start(await open(await startServer()), controller.signal);
    expect(isRunning(pid)).toBe(true);
    controller.abort(new Error('aborted by the test'));
    await ended;
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('ends on the node when the connection is closed', async () => {
    const session = await open(await startServer());
    const { pid } = await start(session);
    await session.close();
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('ends on the node when the connection breaks', async () => {
    const server = await startServer();
    const { pid } = await start(await open(server));
    server.cut();
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

describe('a session', () => {
  test('knows whether it is in use, and since when it is idle', async () => {
    const session = await open(await startServer());
    expect(session.idleSince()).toBeLessThanOrEqual(performance.now());
    const stream = await session.openCommand('cat');
    expect(session.idleSince()).toBeUndefined();
    const before = performance.now();
    stream.destroy();
    await expect.poll(() => session.idleSince()).toBeGreaterThanOrEqual(before);
    const running = session.run('true');
    expect(session.idleSince()).toBeUndefined();
    await running;
    await expect.poll(() => session.idleSince()).toBeDefined();
    const forward = await session.forwardPort(0, () => {});
    expect(session.idleSince()).toBeUndefined();
    await forward.close();
    expect(session.idleSince()).toBeDefined();
  });

  test('does not count a background stream as a use', async () => {
    const session = await open(await startServer());
    const background = await session.openCommand('cat', { isBackground: true });
    expect(session.idleSince()).toBeDefined();
    background.destroy();
  });

  test('does not count an observation as a use, so that the connection is closed when it is idle', async () => {
    const session = await open(await startServer());
    await session.run('true');
    await expect.poll(() => session.idleSince()).toBeDefined();
    const before = session.idleSince();
    const observation = session.run('echo load', { isObservation: true });
    expect(session.idleSince()).toBe(before);
    expect((await observation).stdout).toContain('load');
    expect(session.idleSince()).toBe(before);
  });

  test('checks whether the node still responds', async () => {
    const server = await startServer();
    // so rarely that only the check itself gets an answer
    const session = await open(server, { timing: { keepAliveIntervalMs: 3_600_000 } });
    await session.checkAlive(2_000);
    expect(session.lost.aborted).toBe(false);
    // so that no late data of the first check counts as the answer to the second
    await session.run('true');
    server.freeze();
    await session.checkAlive(50);
    expect(session.lost.reason).toMatchObject({
      problem: { code: 'ssh.lost', detail: 'The node did not respond within 0.05 s.' },
    });
    // a lost session is not checked
    await session.checkAlive(10_000);
  });
});

describe('a reverse port forward', () => {
  test('leads from the node to us, and frees the port when it is closed', async () => {
    const session = await open(await startServer());
    const forward = await session.forwardPort(0, (stream) => stream.pipe(stream));
    const socket = connect(forward.port, '127.0.0.1');
    socket.end('there and back');
    expect(await text(socket)).toBe('there and back');
    await forward.close();
    const late = connect(forward.port, '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('gets another port when the requested one is in use', async () => {
    const session = await open(await startServer());
    const occupied = await startTcp(() => {});
    const forward = await session.forwardPort(occupied.port, () => {});
    expect(forward.port).not.toBe(occupied.port);
    expect(forward.port).toBeGreaterThan(0);
  });

  test('is one of several that each have their own listener', async () => {
    const session = await open(await startServer());
    const [one, two] = await Promise.all([
      session.forwardPort(0, (stream) => stream.end('one')),
      session.forwardPort(0, (stream) => stream.end('two')),
    ]);
    expect(await text(connect(two.port, '127.0.0.1'))).toBe('two');
    expect(await text(connect(one.port, '127.0.0.1'))).toBe('one');
  });

  test('closes its streams when it is closed', async () => {
    const session = await open(await startServer());
    const arrivals = new EventEmitter();
    const forward = await session.forwardPort(0, () => arrivals.emit('stream'));
    const arrived = once(arrivals, 'stream');
    const socket = connect(forward.port, '127.0.0.1');
    await arrived;
    const closed = once(socket.resume(), 'close');
    await forward.close();
    await closed;
  });

  test('is a problem when the server does not allow it', async () => {
    const session = await open(await startServer({ tcpForwarding: false }));
    await expect(session.forwardPort(0, () => {})).rejects.toMatchObject({
      problem: { code: 'ssh.forwarding-refused' },
    });
  });
});

describe('a lost connection', () => {
  test('aborts `lost`, fails everything in progress with the same failure, and opens no more channels', async () => {
    const server = await startServer();
    const session = await open(server);
    const stream = await session.openStreamLocal(await startEcho());
    const command = session.run('sleep 60');
    const failed = once(stream, 'error');
    server.cut();
    const [reason]: unknown[] = await failed;
    expect(reason).toMatchObject({ problem: { code: 'ssh.lost' } });
    expect(session.lost.aborted).toBe(true);
    expect(session.lost.reason).toBe(reason);
    await expect(command).rejects.toBe(reason);
    await expect(session.run('true')).rejects.toBe(reason);
    await expect(session.openStreamLocal('/x')).rejects.toBe(reason);
    await expect(session.forwardPort(0, () => {})).rejects.toBe(reason);
  });

  test('is detected by its silence', async () => {
    const server = await startServer();
    const session = await open(server, { timing: { keepAliveIntervalMs: 20, maxKeepAliveMisses: 3 } });
    const lost = once(session.lost, 'abort');
    server.freeze();
    await lost;
    expect(session.lost.reason).toMatchObject({
      problem: { code: 'ssh.lost', detail: expect.stringContaining('0.08 s') },
    });
  });

  test.each([0, 1, 1_750, 3_499])(
    'is detected within 15 s of silence, also when the last data came %i ms after a keep-alive request',
    async (phase) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      cleanups.push(() => vi.useRealTimers());
      const server = await startServer();
      const session = await open(server);
      vi.advanceTimersByTime(phase);
      await session.run('true');
      server.freeze();
      vi.advanceTimersByTime(10_000);
      expect(session.lost.aborted).toBe(false);
      vi.advanceTimersByTime(5_000);
      expect(session.lost.aborted).toBe(true);
    },
  );

  test('is not reported when the session is closed', async () => {
    const session = await open(await startServer());
    await session.close();
    expect(session.lost.aborted).toBe(false);
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  });

  test('is not reported while a quiet node answers', async () => {
    const session = await open(await startServer(), { timing: { keepAliveIntervalMs: 10, maxKeepAliveMisses: 3 } });
    expect(await session.run('sleep 0.3; echo still here')).toMatchObject({ stdout: 'still here\n' });
    expect(session.lost.aborted).toBe(false);
  });
});

describe('a session through a jump host', () => {
  async function chain() {
    const bastion = await startServer({ hostKeys: [otherKey] });
    const target = await startServer();
    const knownHosts = await knownHostsWith(
      `[127.0.0.1]:${bastion.port} ${otherKey.line}`,
      `[127.0.0.1]:${target.port} ${hostKey.line}`,
    );
    const outer = await open(bastion, { name: 'pi4: jump host bastion', knownHosts });
    const stream = await outer.openTcp('127.0.0.1', target.port);
    const inner = await open(target, { knownHosts, stream, jumpSession: outer });
    return { bastion, target, outer, inner };
  }

  test('works as without one', async () => {
    const { inner } = await chain();
    expect((await inner.run('echo in')).stdout).toBe('in\n');
    const echo = await inner.openStreamLocal(await startEcho());
    echo.end('hello');
    expect(await text(echo)).toBe('hello');
  });

  test('also closes the session with the jump host', async () => {
    const { inner, outer } = await chain();
    await inner.close();
    await expect(outer.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    expect([inner.lost.aborted, outer.lost.aborted]).toEqual([false, false]);
  });

  test('is lost with the jump host, and its commands fail with a detail that names the jump host', async () => {
    const { inner, bastion } = await chain();
    const running = inner.run('sleep 60');
    bastion.cut();
    await expect(running).rejects.toMatchObject({
      problem: {
        code: 'ssh.lost',
        message: 'Node pi4: the SSH connection was lost.',
        detail: expect.stringContaining('Node pi4: jump host bastion: the SSH connection was lost.'),
      },
    });
  });

  test('closes the session with the jump host when it is lost', async () => {
    const { inner, outer, target } = await chain();
    const lost = once(inner.lost, 'abort');
    target.cut();
    await lost;
    await expect(outer.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  });

  test('is a problem that names the port where nothing listens', async () => {
    const { port } = await startTcp(() => {});
    const outer = await open(await startServer({ tcpForwarding: false }), { name: 'pi4: jump host bastion' });
    await expect(outer.openTcp('127.0.0.1', port)).rejects.toMatchObject({
      problem: {
        code: 'ssh.unreachable',
        message: `Node pi4: jump host bastion could not connect to 127.0.0.1:${port}.`,
      },
    });
  });
});

test('a host key is looked up under its alias, without a port', async () => {
  const server = await startServer();
  const session = await open(server, {
    hostKeyAlias: 'alias',
    knownHosts: await knownHostsWith(`alias ${hostKey.line}`),
  });
  expect((await session.run('echo in')).stdout).toBe('in\n');
  const changed = open(server, { hostKeyAlias: 'alias', knownHosts: await knownHostsWith(`alias ${otherKey.line}`) });
  await expect(changed).rejects.toMatchObject({
    problem: { code: 'ssh.host-key-changed', fix: expect.stringContaining("ssh-keygen -R 'alias'") },
  });
  const decisions: unknown[] = [];
  await open(server, {
    hostKeyAlias: 'alias',
    knownHosts: await knownHostsWith(),
    decideHostKey: async (key) => decisions.push(key) > 0,
  });
  expect(decisions).toMatchObject([{ host: '127.0.0.1', port: server.port, recordedAs: { host: 'alias', port: 22 } }]);
});
