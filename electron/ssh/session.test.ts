import { EventEmitter, once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { isRunning } from '../system/testing/is-running.ts';
import { fingerprint, KnownHosts } from './known-hosts.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { makeKey, portOf, TestServer, type TestServerOptions } from './testing/server.ts';

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
  const server = await TestServer.start({ hostKeys: [hostKey], users: [userKey], ...options });
  cleanups.push(() => server.stop());
  return server;
}

async function hosts(...lines: string[]): Promise<KnownHosts> {
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
    knownHosts: await hosts(`[127.0.0.1]:${server.port} ${hostKey.line}`),
    decideHostKey: () => Promise.reject(new Error('nobody should be asked')),
    ...options,
  });
  cleanups.push(() => session.close());
  return session;
}

/** A bare server that does as told with each connection. */
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

/** An echo service on a unix socket, as an engine would be. */
async function startEcho(): Promise<string> {
  const path = join(folder, 'echo.sock');
  const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  server.listen(path);
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return path;
}

describe('the host key', () => {
  test('when unknown is shown to somebody who decides, however long it takes, and is used on yes', async () => {
    const server = await startServer();
    const session = await open(server, {
      knownHosts: await hosts(),
      timing: { connectMs: 150 },
      decideHostKey: async (key) => {
        expect(key).toMatchObject({
          host: '127.0.0.1',
          port: server.port,
          keyType: 'ssh-ed25519',
          fingerprint: fingerprint(hostKey.wire),
        });
        expect(key.key.equals(hostKey.wire)).toBe(true);
        // longer than the timeout of the handshake
        await once(AbortSignal.timeout(300), 'abort');
        return true;
      },
    });
    expect((await session.run('echo in')).stdout).toBe('in\n');
  });

  test('when unknown and refused, nothing is signed in to, and the way to trust it is told', async () => {
    const server = await startServer();
    const attempt = open(server, { knownHosts: await hosts(), decideHostKey: async () => false });
    await expect(attempt).rejects.toMatchObject({
      problem: {
        code: 'ssh.host-key-unknown',
        message: expect.stringContaining(fingerprint(hostKey.wire)),
        fix: expect.stringContaining('--accept-new-host-keys'),
      },
    });
    expect(server.offered).toEqual([]);
  });

  test('when changed blocks without a question, and says both fingerprints, the place and the way out', async () => {
    const server = await startServer();
    const knownHosts = await hosts('', `[127.0.0.1]:${server.port} ${otherKey.line}`);
    const { code, message, fix } = problemOf(await open(server, { knownHosts }).catch((error: unknown) => error));
    expect(code).toBe('ssh.host-key-changed');
    expect(message).toContain(fingerprint(hostKey.wire));
    expect(message).toContain(fingerprint(otherKey.wire));
    expect(message).toContain(`${join(folder, 'known_hosts')}:2`);
    expect(fix).toContain(`ssh-keygen -R '[127.0.0.1]:${server.port}'`);
    expect(server.offered).toEqual([]);
  });

  test('when revoked blocks', async () => {
    const server = await startServer();
    const knownHosts = await hosts(`[127.0.0.1]:${server.port} ${hostKey.line}`, `@revoked * ${hostKey.line}`);
    await expect(open(server, { knownHosts })).rejects.toMatchObject({ problem: { code: 'ssh.host-key-revoked' } });
  });

  test('is asked for in the type that is recorded, of a host that has several', async () => {
    const server = await startServer({ hostKeys: [hostKey, ecdsaKey] });
    const knownHosts = await hosts(`[127.0.0.1]:${server.port} ${ecdsaKey.line}`);
    const session = await open(server, { knownHosts });
    expect((await session.run('echo in')).stdout).toBe('in\n');
  });

  test('ends the attempt when the host hangs up while somebody decides', async () => {
    const server = await startServer();
    const attempt = open(server, {
      knownHosts: await hosts(),
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

describe('a connection that does not come about', () => {
  test('says which host and port refused it', async () => {
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

  test('says that a host has no such name', async () => {
    await expect(open({ port: 22 }, { host: 'no-such-host.invalid' })).rejects.toMatchObject({
      problem: { code: 'ssh.unreachable', message: expect.stringContaining('no-such-host.invalid:22') },
    });
  });

  test.each([
    ['accepts and says nothing', () => {}],
    ['says its banner and no more', (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('is given up when the server %s', async (_name, onConnection) => {
    const server = await startTcp(onConnection);
    await expect(open(server, { timing: { connectMs: 100 } })).rejects.toMatchObject({
      problem: { code: 'ssh.timeout', message: expect.stringContaining('its SSH handshake was not over within 0.1 s') },
    });
  });

  test('says so when the server hangs up or is no SSH server', async () => {
    const hangsUp = await startTcp((socket) => socket.end());
    await expect(open(hangsUp)).rejects.toMatchObject({ problem: { code: 'ssh.unreachable' } });
    const web = await startTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(open(web)).rejects.toMatchObject({ problem: { code: 'ssh.unreachable' } });
  });

  test('ends at once when its signal aborts', async () => {
    const controller = new AbortController();
    const server = await startTcp(() => controller.abort(new Error('no longer wanted')));
    await expect(open(server, { signal: controller.signal })).rejects.toThrow('no longer wanted');
  });

  test('names the user, the host and the keys that were refused', async () => {
    const server = await startServer({ users: [] });
    await expect(open(server)).rejects.toMatchObject({
      problem: {
        code: 'ssh.authentication',
        message: `Node pi4: 127.0.0.1:${server.port} did not let user kim in. Tried: the key file ${identity}. It accepts publickey.`,
        fix: expect.stringContaining(`ssh-copy-id -p ${server.port} kim@127.0.0.1`),
      },
    });
    expect(server.offered.map((key) => key.equals(userKey.wire))).toEqual([true]);
  });
});

describe('a command', () => {
  test('gives its output and its exit code', async () => {
    const session = await open(await startServer());
    expect(await session.run("echo 'it''s out'; echo err >&2; exit 3")).toEqual({
      code: 3,
      stdout: 'its out\n',
      stderr: 'err\n',
    });
  });

  test('that a signal ends has the code that a shell gives it', async () => {
    const session = await open(await startServer());
    expect(await session.run('kill -KILL $$')).toMatchObject({ code: 137 });
  });

  test('has an empty stdin', async () => {
    const session = await open(await startServer());
    expect(await session.run('cat; echo done')).toMatchObject({ stdout: 'done\n' });
  });

  test('keeps the first MiB of what it says', async () => {
    const session = await open(await startServer());
    const { code, stdout } = await session.run("head -c 3000000 /dev/zero | tr '\\0' x");
    expect(code).toBe(0);
    expect(stdout).toBe('x'.repeat(1024 * 1024));
  });

  test('is stopped by its signal and by its timeout', async () => {
    const session = await open(await startServer());
    const controller = new AbortController();
    const aborted = session.run('sleep 60', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(session.run('sleep 61', { timeoutMs: 50 })).rejects.toMatchObject({
      problem: { code: 'ssh.timeout', message: expect.stringContaining('sleep 61') },
    });
    expect((await session.run('echo usable')).stdout).toBe('usable\n');
  });

  test('is a problem where the server runs none', async () => {
    const session = await open(await startServer({ commands: false }));
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.channel' } });
  });

  test('can be a stream in both directions', async () => {
    const session = await open(await startServer());
    const stream = await session.openCommand('tr a-z A-Z');
    stream.end('shout');
    expect(await text(stream)).toBe('SHOUT');
  });
});

describe('a stream to a socket', () => {
  test('carries more than any window, both ways at once, whole', async () => {
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

  test('that the server does not open is a problem that names the socket', async () => {
    const session = await open(await startServer());
    await expect(session.openStreamLocal('/nowhere.sock')).rejects.toMatchObject({
      problem: { message: 'Node pi4 did not connect us to its socket /nowhere.sock.' },
    });
  });

  test('ends for a writer too when the other side is gone, however much waits to be written', async () => {
    const path = join(folder, 'rude.sock');
    const rude = createServer((socket) => socket.once('data', () => socket.destroy()));
    rude.listen(path);
    await once(rude, 'listening');
    cleanups.push(() => rude.close());
    const session = await open(await startServer());
    const stream = await session.openStreamLocal(path);
    stream.write(Buffer.alloc(8 * 1024 * 1024));
    stream.resume();
    await once(stream, 'close');
    expect(stream.destroyed).toBe(true);
  });

  test('tells of idleness, once, when asked to', async () => {
    const session = await open(await startServer());
    const stream = await session.openStreamLocal(await startEcho());
    if (!('setTimeout' in stream) || typeof stream.setTimeout !== 'function') {
      throw new Error('node:http needs setTimeout');
    }
    stream.setTimeout(20);
    await once(stream, 'timeout');
    stream.destroy();
  });
});

describe('channels', () => {
  test('are at most eight at once, and the next one waits for a place', async () => {
    const server = await startServer();
    const session = await open(server);
    const streams = await Promise.all(Array.from({ length: 8 }, () => session.openCommand('cat')));
    const ninth = session.openCommand('echo mine');
    // a question to the server that needs no channel: had the ninth been asked for, it would be there by now
    await session.listen(0, () => {});
    expect(server.peakChannels).toBe(8);
    streams[3]?.end();
    streams[3]?.resume();
    expect(await text(await ninth)).toBe('mine\n');
  });

  test('serve any number of commands, in turn', async () => {
    const session = await open(await startServer());
    const outcomes = await Promise.all(Array.from({ length: 30 }, (_, index) => session.run(`echo ${index}`)));
    expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 30 }, (_, index) => index));
  });

  test('give their place back when destroyed with unread data in them', async () => {
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
  test('runs any number of commands, of which those that are too many wait', async () => {
    const server = await startServer({ maxSessions: 2 });
    const session = await open(server);
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, index) => session.run(`echo ${index}`)));
    expect(outcomes.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, index) => index));
    expect(server.refusedSessions).toBeGreaterThan(0);
    expect(session.room.limit).toBe(2);
  });

  test('gives a command its turn when a stream has ended, and streams to sockets are none of them', async () => {
    const session = await open(await startServer({ maxSessions: 2 }));
    const [one] = await Promise.all([session.openCommand('cat'), session.openCommand('cat')]);
    const waiting = session.run('echo mine');
    const echo = await session.openStreamLocal(await startEcho());
    echo.end('hello');
    expect(await text(echo)).toBe('hello');
    expect(session.room.isCrowded).toBe(true);
    one.destroy();
    expect((await waiting).stdout).toBe('mine\n');
    expect(session.room.isCrowded).toBe(false);
  });

  test('does not hold back the end of a command that waits: it is given up, and lost with the line', async () => {
    const server = await startServer({ maxSessions: 1 });
    const session = await open(server);
    (await session.openCommand('cat')).on('error', () => {});
    const controller = new AbortController();
    const given = session.run('true', { signal: controller.signal });
    const lost = session.run('true');
    const refused = expect(given).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await refused;
    const broken = expect(lost).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    server.cut();
    await broken;
  });

  test('is no excuse for one that allows none', async () => {
    const session = await open(await startServer({ maxSessions: 0 }));
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.channel' } });
  });
});

describe('a command that runs for long', () => {
  /** Starts one that neither reads nor writes, and resolves with the id of its process. */
  async function start(session: Session, signal?: AbortSignal): Promise<{ pid: number; ended: Promise<unknown> }> {
    const file = join(folder, 'pid');
    const command = `sh -c 'echo $$ > ${file}; exec sleep 600'`;
    const ended = session.run(command, signal ? { signal } : {}).catch((error: unknown) => error);
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/\d\n/);
    return { pid: Number(await readFile(file, 'utf8')), ended };
  }
  test('ends on the node when it is given up', async () => {
    const controller = new AbortController();
    const { pid, ended } = await start(await open(await startServer()), controller.signal);
    expect(isRunning(pid)).toBe(true);
    controller.abort(new Error('enough'));
    await ended;
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('ends on the node when the connection is closed', async () => {
    const session = await open(await startServer());
    const { pid } = await start(session);
    await session.close();
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('ends on the node when the line breaks', async () => {
    const server = await startServer();
    const { pid } = await start(await open(server));
    server.cut();
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});

describe('a line knows', () => {
  test('whether it is used, and since when it is not', async () => {
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
    const tunnel = await session.listen(0, () => {});
    expect(session.idleSince()).toBeUndefined();
    await tunnel.close();
    expect(session.idleSince()).toBeDefined();
  });

  test('that what serves it is no use of it', async () => {
    const session = await open(await startServer());
    const service = await session.openCommand('cat', { service: true });
    expect(session.idleSince()).toBeDefined();
    service.destroy();
  });

  test('whether the node is still there, when it asks', async () => {
    const server = await startServer();
    // so rarely that it is the question that is answered
    const session = await open(server, { timing: { keepAliveMs: 3_600_000 } });
    await session.checkAlive(2_000);
    expect(session.lost.aborted).toBe(false);
    // the first bytes of an answer are a sign of life, and the rest of them must not be taken for another
    await session.run('true');
    server.freeze();
    await session.checkAlive(50);
    expect(session.lost.reason).toMatchObject({
      problem: { code: 'ssh.lost', detail: 'It gave no sign of life within 0.05 s when it was asked for one.' },
    });
    // of a line that is no more there is nothing to ask
    await session.checkAlive(10_000);
  });
});

describe('a port on the node', () => {
  test('leads back to us, and is free again when closed', async () => {
    const session = await open(await startServer());
    const tunnel = await session.listen(0, (stream) => stream.pipe(stream));
    const socket = connect(tunnel.port, '127.0.0.1');
    socket.end('there and back');
    expect(await text(socket)).toBe('there and back');
    await tunnel.close();
    const late = connect(tunnel.port, '127.0.0.1');
    await expect(once(late, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('is another one where the wanted one is taken', async () => {
    const session = await open(await startServer());
    const taken = await startTcp(() => {});
    const tunnel = await session.listen(taken.port, () => {});
    expect(tunnel.port).not.toBe(taken.port);
    expect(tunnel.port).toBeGreaterThan(0);
  });

  test('is one of several, each with its own listener', async () => {
    const session = await open(await startServer());
    const [one, two] = await Promise.all([
      session.listen(0, (stream) => stream.end('one')),
      session.listen(0, (stream) => stream.end('two')),
    ]);
    expect(await text(connect(two.port, '127.0.0.1'))).toBe('two');
    expect(await text(connect(one.port, '127.0.0.1'))).toBe('one');
  });

  test('closes its streams with it', async () => {
    const session = await open(await startServer());
    const arrivals = new EventEmitter();
    const tunnel = await session.listen(0, () => arrivals.emit('stream'));
    const arrived = once(arrivals, 'stream');
    const socket = connect(tunnel.port, '127.0.0.1');
    await arrived;
    const closed = once(socket.resume(), 'close');
    await tunnel.close();
    await closed;
  });

  test('is a problem where the server forwards none', async () => {
    const session = await open(await startServer({ tcpForwarding: false }));
    await expect(session.listen(0, () => {})).rejects.toMatchObject({ problem: { code: 'ssh.forwarding-refused' } });
  });
});

describe('a lost line', () => {
  test('aborts `lost`, ends what was under way with the same failure, and opens nothing more', async () => {
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
    await expect(session.listen(0, () => {})).rejects.toBe(reason);
  });

  test('is noticed by its silence', async () => {
    const server = await startServer();
    const session = await open(server, { timing: { keepAliveMs: 20, keepAliveMisses: 3 } });
    const lost = once(session.lost, 'abort');
    server.freeze();
    await lost;
    expect(session.lost.reason).toMatchObject({
      problem: { code: 'ssh.lost', detail: expect.stringContaining('0.08 s') },
    });
  });

  test.each([0, 1, 1_750, 3_499])(
    'is noticed within 15 s of silence, also when its last word came %i ms after a look',
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

  test('is not what closing is', async () => {
    const session = await open(await startServer());
    await session.close();
    expect(session.lost.aborted).toBe(false);
    await expect(session.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  });

  test('is not what a quiet but answering node is', async () => {
    const session = await open(await startServer(), { timing: { keepAliveMs: 10, keepAliveMisses: 3 } });
    expect(await session.run('sleep 0.3; echo still here')).toMatchObject({ stdout: 'still here\n' });
    expect(session.lost.aborted).toBe(false);
  });
});

describe('through a jump host', () => {
  async function chain() {
    const bastion = await startServer({ hostKeys: [otherKey] });
    const goal = await startServer();
    const knownHosts = await hosts(
      `[127.0.0.1]:${bastion.port} ${otherKey.line}`,
      `[127.0.0.1]:${goal.port} ${hostKey.line}`,
    );
    const outer = await open(bastion, { name: 'pi4: jump host bastion', knownHosts });
    const via = await outer.openTcp('127.0.0.1', goal.port);
    const inner = await open(goal, { knownHosts, via, through: outer });
    return { bastion, goal, outer, inner };
  }

  test('the destination does all that it does without one', async () => {
    const { inner } = await chain();
    expect((await inner.run('echo in')).stdout).toBe('in\n');
    const echo = await inner.openStreamLocal(await startEcho());
    echo.end('hello');
    expect(await text(echo)).toBe('hello');
  });

  test('closing the last closes the jump host too', async () => {
    const { inner, outer } = await chain();
    await inner.close();
    await expect(outer.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
    expect([inner.lost.aborted, outer.lost.aborted]).toEqual([false, false]);
  });

  test('with the jump host the destination is lost, and what runs there says which broke', async () => {
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

  test('with the destination the jump host is let go', async () => {
    const { inner, outer, goal } = await chain();
    const lost = once(inner.lost, 'abort');
    goal.cut();
    await lost;
    await expect(outer.run('true')).rejects.toMatchObject({ problem: { code: 'ssh.lost' } });
  });

  test('a port where nothing listens is named, with what the jump host said', async () => {
    const { port } = await startTcp(() => {});
    const outer = await open(await startServer({ tcpForwarding: false }), { name: 'pi4: jump host bastion' });
    await expect(outer.openTcp('127.0.0.1', port)).rejects.toMatchObject({
      problem: {
        code: 'ssh.unreachable',
        message: `Node pi4: jump host bastion did not connect us to 127.0.0.1:${port}.`,
      },
    });
  });
});

test('a host key is looked up under its alias, which stands without a port', async () => {
  const server = await startServer();
  const session = await open(server, { hostKeyAlias: 'goal', knownHosts: await hosts(`goal ${hostKey.line}`) });
  expect((await session.run('echo in')).stdout).toBe('in\n');
  const changed = open(server, { hostKeyAlias: 'goal', knownHosts: await hosts(`goal ${otherKey.line}`) });
  await expect(changed).rejects.toMatchObject({
    problem: { code: 'ssh.host-key-changed', fix: expect.stringContaining("ssh-keygen -R 'goal'") },
  });
  const asked: unknown[] = [];
  await open(server, {
    hostKeyAlias: 'goal',
    knownHosts: await hosts(),
    decideHostKey: async (key) => asked.push(key) > 0,
  });
  expect(asked).toMatchObject([{ host: '127.0.0.1', port: server.port, recordedAs: { host: 'goal', port: 22 } }]);
});
