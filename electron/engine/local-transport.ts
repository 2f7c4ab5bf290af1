import { type ChildProcess, spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { fail } from '../../shared/problem.ts';
import { keepOutput } from '../ssh/command-output.ts';
import { EngineHttp } from './http.ts';
import { socketProblem } from './socket.ts';
import type { CommandResult, Offer, Transport } from './transport.ts';

/**
 * The way to an engine on this computer. Fails with `engine.no-socket` where nobody listens on the socket.
 */
export async function openLocalTransport(options: {
  readonly name: string;
  readonly socketPath: string;
}): Promise<Transport> {
  const { name, socketPath } = options;
  const lost = new AbortController().signal;
  // every request under way listens to it
  setMaxListeners(0, lost);
  const dial = () => dialSocket(name, socketPath);
  (await dial()).destroy();
  const http = new EngineHttp({ name, connect: dial, lost });
  return {
    name,
    socketPath,
    lost,
    request: (request) => http.request(request),
    run: (command, how) => runHere(name, command, how),
    offer: openPort,
    async close() {
      http.close();
    },
  };
}

function dialSocket(name: string, path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.off('error', refuse);
      resolve(socket);
    });
    const refuse = (error: Error) => {
      const code = 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENOTSOCK') {
        reject(socketProblem(name, path, 'missing'));
      } else if (code === 'EACCES' || code === 'EPERM') {
        reject(socketProblem(name, path, 'denied'));
      } else if (code === 'ECONNREFUSED') {
        reject(socketProblem(name, path, 'dead'));
      } else {
        reject(error);
      }
    };
    socket.once('error', refuse);
  });
}

function runHere(
  name: string,
  command: string,
  { signal, timeoutMs }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // a group of its own, so that stopping it stops what it has started
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stdout = keepOutput(child.stdout);
    const stderr = keepOutput(child.stderr);
    const stop = (reason: unknown) => {
      reject(reason);
      killGroup(child);
    };
    const onAbort = () => stop(signal?.reason);
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () =>
              stop(
                fail(
                  'engine.unreachable',
                  `Node ${name} was not done with \`${command.slice(0, 60)}\` after ${timeoutMs / 1000} s.`,
                  'The machine may be overloaded: try again later.',
                ),
              ),
            timeoutMs,
          );
    signal?.addEventListener('abort', onAbort, { once: true });
    child.once('error', reject);
    child.once('close', (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const status = code ?? 128 + (killedBy ? constants.signals[killedBy] : 0);
      resolve({ code: status, stdout: stdout(), stderr: stderr() });
    });
  });
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid) {
      process.kill(-child.pid, 'SIGTERM');
    }
  } catch {
    // it has ended by itself
  }
}

/** A port on 127.0.0.1 for a server that may have several: it answers what arrives there, and listens nowhere itself. */
async function openPort(server: Server, port: number): Promise<Offer> {
  const sockets = new Set<Socket>();
  // an http server expects connections that stay open for its answer when the client has ended
  const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    server.emit('connection', socket);
  });
  door.listen(port, '127.0.0.1');
  try {
    await once(door, 'listening');
  } catch (error) {
    if (port !== 0) {
      return openPort(server, 0);
    }
    throw error;
  }
  const address = door.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      if (door.listening) {
        const closed = once(door, 'close');
        door.close();
        for (const socket of sockets) {
          socket.destroy();
        }
        await closed;
      }
    },
  };
}
