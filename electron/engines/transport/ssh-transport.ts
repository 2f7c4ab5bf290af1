import { once, setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineKind } from '../../../shared/node.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import type { Session } from '../../ssh/session.ts';
import { guardCommand, type PodmanService, waitForService } from '../podman/service.ts';
import {
  dialStdioCommand,
  engineOfSocket,
  findSockets,
  isShellProblem,
  noSocketFoundProblem,
  type RunCommand,
  readDialError,
  readSocketState,
  searchRefusedProblem,
  socketProblem,
} from './engine-socket.ts';
import { EngineHttp } from './http.ts';
import type { Transport } from './transport.ts';

export interface SshTransportOptions {
  /** The engine's socket on the node. Without it, the node is searched for one. */
  readonly socketPath?: string;
  /** Closing the transport also closes the session. */
  readonly ownsSession: boolean;
  /** Stops the search for the socket. */
  readonly signal?: AbortSignal;
}

/** Milliseconds for the first response through `dial-stdio`. */
const dialStdioTimeoutMs = 30_000;

/** How many requests a probe, or a look at what the engine has of the last build, sends at once. Streams for them are opened at once, too. */
const requestsAtOnce = 4;

/** How the engine's socket is reached: a channel to the socket, or the command `dial-stdio` of the engine. */
export type SocketMethod = 'stream-local' | 'dial-stdio';

/** A transport over an SSH session. */
export interface SshTransport extends Transport {
  readonly method: SocketMethod;
  /** The transport started the engine, which ends with the transport. */
  readonly isStarted: boolean;
}

/** A socket on the node that accepts connections, and how to open one. */
interface SocketConnector {
  readonly socketPath: string;
  readonly connect: () => Promise<Duplex>;
  readonly method: SocketMethod;
  /** Streams to the socket that are open or being opened already. */
  readonly opened?: readonly Promise<Duplex>[];
  /** The podman service that was started to serve the socket. */
  readonly service?: PodmanService;
}

/**
 * Opens a transport to a node's engine over an SSH session. It reaches the socket by stream-local forwarding or, if the node's
 * sshd forbids that, through the command `dial-stdio` of the engine. Without a socket path, it searches the node for a socket.
 * If there is none but the podman command exists, it starts podman, which ends with the transport.
 *
 * @throws Failure `engine.no-socket` if there is no engine socket that this user may use, `ssh.forwarding-refused` if the
 *   socket cannot be reached by either method
 */
export async function openSshTransport(session: Session, options: SshTransportOptions): Promise<SshTransport> {
  try {
    const { run, startsCommands } = observeCommands(session);
    const { socketPath, signal } = options;
    const { service, ...socket } = socketPath
      ? await connectSocket(session, socketPath, run, signal)
      : await findSocket(session, run, signal);
    const lost = service ? AbortSignal.any([session.lost, service.ended]) : session.lost;
    // Every running request listens to it.
    setMaxListeners(0, lost);
    const http = new EngineHttp({
      name: session.name,
      connect: socket.connect,
      ...(socket.opened ? { opened: socket.opened } : {}),
      lost,
      ...(socket.method === 'dial-stdio' ? { capacity: session.capacity } : {}),
    });
    return {
      name: session.name,
      socketPath: socket.socketPath,
      method: socket.method,
      isStarted: service !== undefined,
      lost,
      request: (request) => http.request(request),
      prepare: () => http.prepare(),
      dial: (signal) => http.dial(signal),
      run,
      openCommand: async (command) => {
        if (!startsCommands()) {
          throw commandsNotStarted(session.name);
        }
        return session.openCommand(command, { isBound: true });
      },
      forwardPort: (server: Server, port: number) =>
        session.forwardPort(port, (stream) => {
          server.emit('connection', stream);
        }),
      isSaturated: () => session.capacity.isSaturated || http.isSaturated,
      roundTripMs: () => session.roundTripMs(),
      idleSince: () => session.idleSince(),
      checkAlive: (timeoutMs) => session.checkAlive(timeoutMs),
      async close() {
        http.close();
        await service?.close();
        if (options.ownsSession) {
          await session.close();
        }
      },
    };
  } catch (error) {
    if (options.ownsSession) {
      await session.close();
    }
    throw error;
  }
}

/**
 * Runs commands, and tells whether the last one has started. A forced command may wait for ever, and each command would be
 * waited for until its time is over.
 */
function observeCommands(session: Session): { readonly run: RunCommand; readonly startsCommands: () => boolean } {
  let hasStarted = true;
  const run: RunCommand = async (command, options) => {
    try {
      const outcome = await session.run(command, options);
      hasStarted = true;
      return outcome;
    } catch (error) {
      const isTimeout = error instanceof DOMException && error.name === 'TimeoutError';
      hasStarted &&= !isTimeout && !isShellProblem(error);
      throw error;
    }
  };
  return { run, startsCommands: () => hasStarted };
}

function commandsNotStarted(node: string): Failure {
  return fail('ssh.shell', `Node ${node} did not start the last command.`, 'Check the login shell of this user.');
}

/** Tries podman's sockets, then the podman command, then those of docker and BuildKit. Skips sockets that no process listens on. */
async function findSocket(
  session: Session,
  run: RunCommand,
  signal: AbortSignal | undefined,
): Promise<SocketConnector> {
  const { paths, denied, hasPodman } = await findSockets(run, signal).catch((error: unknown) => {
    throw isShellProblem(error) ? searchRefusedProblem(session.name, error) : error;
  });
  const pathsOf = (engine: EngineKind) => paths.filter((path) => engineOfSocket(path) === engine);
  const connectTo = (path: string) => () => connectSocket(session, path, run, signal);
  const attempts = [
    ...pathsOf('podman').map(connectTo),
    ...(hasPodman ? [() => startPodman(session, run, signal)] : []),
    ...[...pathsOf('docker'), ...pathsOf('buildkit')].map(connectTo),
  ];
  let firstError: unknown;
  for (const attempt of attempts) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Failure) || error.problem.code !== 'engine.no-socket' || signal?.aborted) {
        throw error;
      }
      firstError ??= error;
    }
  }
  throw (
    firstError ??
    (denied === undefined ? noSocketFoundProblem(session.name) : socketProblem(session.name, denied, 'denied'))
  );
}

async function startPodman(
  session: Session,
  run: RunCommand,
  signal: AbortSignal | undefined,
): Promise<SocketConnector> {
  const stream = await session.openCommand(guardCommand, { isBackground: true });
  const service = await waitForService(session.name, { stdin: stream, stdout: stream }, signal);
  try {
    return { ...(await connectSocket(session, service.socketPath, run, signal)), service };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** Finds out by which method a socket can be reached. */
async function connectSocket(
  session: Session,
  socketPath: string,
  run: RunCommand,
  signal: AbortSignal | undefined,
): Promise<SocketConnector> {
  let refusal: Failure;
  try {
    const connect = () => session.openStreamLocal(socketPath);
    const first = await connect();
    const further = Array.from({ length: requestsAtOnce - 1 }, connect);
    for (const opening of further) {
      opening.catch(() => undefined);
    }
    return { socketPath, connect, method: 'stream-local', opened: [Promise.resolve(first), ...further] };
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code === 'ssh.lost') {
      throw error;
    }
    refusal = error;
  }
  // sshd does not say whether the socket or the permission is missing, so a command on the node finds out.
  const state = await readSocketState(run, socketPath, signal);
  if (state !== 'open') {
    throw socketProblem(session.name, socketPath, state);
  }
  const connect = () => session.openCommand(dialStdioCommand(socketPath), { isBound: true });
  const http = new EngineHttp({ name: session.name, connect, lost: session.lost, capacity: session.capacity });
  try {
    if (engineOfSocket(socketPath) === 'buildkit') {
      await awaitGreeting(await http.dial(signal), signal);
    } else {
      const response = await http.request({
        method: 'GET',
        path: '/_ping',
        timeoutMs: dialStdioTimeoutMs,
        ...(signal ? { signal } : {}),
      });
      response.body.destroy();
    }
    return { socketPath, connect, method: 'dial-stdio' };
  } catch (error) {
    if (session.lost.aborted || signal?.aborted) {
      throw error;
    }
    const dialError = await readDialError(run, socketPath);
    if (/connection refused/i.test(dialError)) {
      throw socketProblem(session.name, socketPath, 'dead');
    }
    throw fail(
      'ssh.forwarding-refused',
      `Node ${session.name} does not forward connections to ${socketPath}, and \`${dialStdioCommand(socketPath)}\` cannot reach it either.`,
      'Set `AllowStreamLocalForwarding yes` in its sshd_config, or install the command of the engine on the node.',
      [refusal.problem.detail, dialError].join('\n'),
      error,
    );
  } finally {
    http.close();
  }
}

/** Waits until a server of HTTP/2 has sent its settings, which it does without being asked. Closes the stream. */
async function awaitGreeting(stream: Duplex, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(dialStdioTimeoutMs);
  const ended = new AbortController();
  const options = { signal: AbortSignal.any([timeout, ended.signal, ...(signal ? [signal] : [])]) };
  try {
    stream.once('close', () => ended.abort(new Error('The stream ended.')));
    await once(stream, 'data', options);
  } finally {
    stream.destroy();
  }
}
