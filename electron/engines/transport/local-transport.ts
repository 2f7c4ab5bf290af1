import { once, setMaxListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';
import { errnoCode } from '../../system/file-errors.ts';
import { type SystemPaths, systemPaths } from '../../system/system-paths.ts';
import { type PodmanService, startLocalService } from '../podman/service.ts';
import { noLocalEngineProblem, socketProblem } from './engine-socket.ts';
import { EngineHttp } from './http.ts';
import { runLocalCommand } from './local-command.ts';
import { type LocalSocket, localSockets } from './local-sockets.ts';
import type { ReversePortForward, Transport } from './transport.ts';

/** A transport to an engine on this computer. */
export interface LocalTransport extends Transport {
  /** The transport started the engine, which ends with the transport. */
  readonly isStarted: boolean;
}

export interface LocalTransportOptions {
  readonly name: string;
  /** The engine's socket. Without it, the default paths are searched, and podman is started if only its command exists. */
  readonly socketPath?: string;
  /** Stops the start of podman. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a transport to an engine on this computer.
 * @throws Failure `engine.no-socket` if no process listens on the socket, or if there is neither a socket nor podman
 */
export async function openLocalTransport(
  { name, socketPath, signal }: LocalTransportOptions,
  paths: SystemPaths = systemPaths(),
): Promise<LocalTransport> {
  if (socketPath !== undefined) {
    (await dialSocket(name, socketPath)).destroy();
    return createLocalTransport(name, socketPath);
  }
  const sockets = await localSockets(paths);
  const podman = await findOpenSocket(name, sockets, 'podman');
  if ('path' in podman) {
    return createLocalTransport(name, podman.path);
  }
  // elsewhere, the podman command only talks to a virtual machine, which has a socket or a pipe
  if (paths.platform === 'linux' && (await hasCommand('podman'))) {
    const service = await startLocalService(name, signal);
    return createLocalTransport(name, service.socketPath, service);
  }
  const docker = await findOpenSocket(name, sockets, 'docker');
  if ('path' in docker) {
    return createLocalTransport(name, docker.path);
  }
  const buildKit = await findOpenSocket(name, sockets, 'buildkit');
  if ('path' in buildKit) {
    return createLocalTransport(name, buildKit.path);
  }
  throw docker.refusal ?? buildKit.refusal ?? noLocalEngineProblem(name);
}

function createLocalTransport(name: string, socketPath: string, service?: PodmanService): LocalTransport {
  const lost = service?.ended ?? new AbortController().signal;
  // Every running request listens to it.
  setMaxListeners(0, lost);
  const http = new EngineHttp({ name, connect: () => dialSocket(name, socketPath), lost });
  return {
    name,
    socketPath,
    isStarted: service !== undefined,
    lost,
    request: (request) => http.request(request),
    dial: (signal) => http.dial(signal),
    run: (command, options) => runLocalCommand(name, command, options),
    forwardPort: listenOnLoopback,
    isSaturated: () => http.isSaturated,
    // Closing an idle local transport saves nothing.
    idleSince: () => undefined,
    checkAlive: async () => undefined,
    async close() {
      http.close();
      await service?.close();
    },
  };
}

/** The first socket of an engine that accepts connections, or why the first one that exists does not. */
async function findOpenSocket(
  name: string,
  sockets: readonly LocalSocket[],
  engine: LocalSocket['engine'],
): Promise<{ readonly path: string } | { readonly refusal: Failure | undefined }> {
  let refusal: Failure | undefined;
  for (const { path } of sockets.filter((socket) => socket.engine === engine)) {
    try {
      (await dialSocket(name, path)).destroy();
      return { path };
    } catch (error) {
      // the socket is missing, another user's, or dead
      if (error instanceof Failure && (await stat(path).catch(() => undefined))?.isSocket()) {
        refusal ??= error;
      }
    }
  }
  return { refusal };
}

async function hasCommand(command: string): Promise<boolean> {
  return (await runLocalCommand('this computer', `command -v ${command}`)).code === 0;
}

/** The longest path of a unix socket in bytes. Node cuts longer ones off and connects to another socket. Source: sockaddr_un. */
const maxSocketPathBytes = process.platform === 'darwin' ? 103 : 107;

function dialSocket(name: string, path: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (process.platform !== 'win32' && Buffer.byteLength(path) > maxSocketPathBytes) {
      reject(
        fail(
          'engine.no-socket',
          `Node ${name}: the path of the socket ${path} is longer than ${maxSocketPathBytes} bytes.`,
          'Set a shorter path in the connection, for example that of a symbolic link to the socket.',
        ),
      );
      return;
    }
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
    const onError = (error: Error) => {
      const code = errnoCode(error);
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
    socket.once('error', onError);
  });
}

/**
 * Opens a port on 127.0.0.1 whose connections the given server handles. The server itself listens nowhere, so it can have
 * several such ports. If the port is in use, the system chooses another one.
 */
export async function listenOnLoopback(server: Server, port: number): Promise<ReversePortForward> {
  const sockets = new Set<Socket>();
  // An HTTP server needs half-open connections, because a client may end its side before it has the response.
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    server.emit('connection', socket);
  });
  listener.listen(port, '127.0.0.1');
  try {
    await once(listener, 'listening');
  } catch (error) {
    if (port !== 0) {
      return listenOnLoopback(server, 0);
    }
    throw error;
  }
  // such as EMFILE while it accepts a connection: the client retries, or the export takes over
  listener.on('error', () => undefined);
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    async close() {
      if (listener.listening) {
        const closed = once(listener, 'close');
        listener.close();
        for (const socket of sockets) {
          socket.destroy();
        }
        await closed;
      }
    },
  };
}
