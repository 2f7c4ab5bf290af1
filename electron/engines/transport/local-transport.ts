import { type ChildProcess, spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/problem.ts';
import { keepOutput } from '../../system/process-output.ts';
import { type PodmanService, startServiceHere } from '../podman/service.ts';
import { EngineHttp } from './http.ts';
import { noEngineHere, socketProblem } from './socket.ts';
import type { CommandResult, ReversePortForward, Transport } from './transport.ts';

/** A transport on this computer, which knows whether it had to start the engine. */
export interface LocalTransport extends Transport {
  readonly isStarted: boolean;
}

export interface LocalTransportOptions {
  readonly name: string;
  /** The engine's socket; without one it is looked for, and podman is started where only its command is there. */
  readonly socketPath?: string;
  /** Stops the search, and the start of an engine. */
  readonly signal?: AbortSignal;
}

/**
 * The way to an engine on this computer. Fails with `engine.no-socket` where nobody listens on the socket, or where none is
 * found and podman is not there to be started.
 */
export async function openLocalTransport({ name, socketPath, signal }: LocalTransportOptions): Promise<LocalTransport> {
  if (socketPath !== undefined) {
    (await dialSocket(name, socketPath)).destroy();
    return localTransport(name, socketPath);
  }
  const open = await firstOpen(name, podmanSocketsHere());
  if (open !== undefined) {
    return localTransport(name, open);
  }
  if (await isHere('podman')) {
    const service = await startServiceHere(name, signal);
    return localTransport(name, service.socketPath, service);
  }
  const docker = await firstOpen(name, dockerSocketsHere());
  if (docker === undefined) {
    throw noEngineHere(name);
  }
  return localTransport(name, docker);
}

function localTransport(name: string, socketPath: string, service?: PodmanService): LocalTransport {
  const lost = service?.ended ?? new AbortController().signal;
  // every request under way listens to it
  setMaxListeners(0, lost);
  const http = new EngineHttp({ name, connect: () => dialSocket(name, socketPath), lost });
  return {
    name,
    socketPath,
    isStarted: service !== undefined,
    lost,
    request: (request) => http.request(request),
    run: (command, how) => runHere(name, command, how),
    forwardPort: openPort,
    isSaturated: () => http.isCrowded,
    // nothing is open while nothing is asked
    idleSince: () => undefined,
    checkAlive: async () => undefined,
    async close() {
      http.close();
      await service?.close();
    },
  };
}

function runtimeFolder(): string {
  return process.env.XDG_RUNTIME_DIR || `/run/user/${process.getuid?.() ?? 0}`;
}

function podmanSocketsHere(): string[] {
  return [`${runtimeFolder()}/podman/podman.sock`, '/run/podman/podman.sock'];
}

function dockerSocketsHere(): string[] {
  return ['/var/run/docker.sock', `${runtimeFolder()}/docker.sock`];
}

/** The first of these sockets on which somebody listens for us. */
async function firstOpen(name: string, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      (await dialSocket(name, path)).destroy();
      return path;
    } catch {
      // missing, not ours, or dead
    }
  }
  return undefined;
}

async function isHere(command: string): Promise<boolean> {
  return (await runHere('this computer', `command -v ${command}`)).code === 0;
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

/** Runs a command in a POSIX shell of this computer, as {@link Transport.run} does on a node. */
export function runHere(
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
async function openPort(server: Server, port: number): Promise<ReversePortForward> {
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
