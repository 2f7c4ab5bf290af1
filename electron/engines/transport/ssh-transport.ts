import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';
import type { Session } from '../../ssh/session.ts';
import { guardOnNode, type PodmanService, serviceOf } from '../podman/service.ts';
import { EngineHttp } from './http.ts';
import {
  dialComplaint,
  dialStdio,
  findSockets,
  isDocker,
  noLookingForSockets,
  noSocketAnywhere,
  type Run,
  socketProblem,
  socketState,
} from './socket.ts';
import type { Transport } from './transport.ts';

export interface SshTransportOptions {
  /** The engine's socket on the node; without one it is looked for. */
  readonly socketPath?: string;
  /** Does closing the transport close the session? */
  readonly ownsSession: boolean;
  /** Stops the search for a way to the socket. */
  readonly signal?: AbortSignal;
}

/** How long the engine may take to answer the first small request through a command. */
const firstAnswerMs = 30_000;

/** How the engine's socket is reached over the session. */
export type WayBy = 'stream-local' | 'command';

/** A transport over an SSH session, which knows how it reaches the socket and whether it had to start the engine. */
export interface SshTransport extends Transport {
  readonly by: WayBy;
  readonly isStarted: boolean;
}

interface Way {
  readonly socketPath: string;
  readonly connect: () => Promise<Duplex>;
  readonly by: WayBy;
  readonly service?: PodmanService;
}

/**
 * The way to the engine of a node over one SSH session. The socket is reached by stream-local forwarding or, where the node's
 * sshd forbids that, through `podman system dial-stdio` or docker's. Where no path is given, the socket is looked for; where
 * none is there but the podman command, podman is started and ends with the transport.
 *
 * Fails with `engine.no-socket` where no engine's socket is there or it is not ours to use, and with
 * `ssh.forwarding-refused` where no way leads to it.
 */
export async function openSshTransport(session: Session, options: SshTransportOptions): Promise<SshTransport> {
  try {
    const run: Run = (command, how) => session.run(command, how);
    const { socketPath, signal } = options;
    const { service, ...way } = socketPath
      ? await wayTo(session, socketPath, run, signal)
      : await search(session, run, signal);
    const lost = service ? AbortSignal.any([session.lost, service.ended]) : session.lost;
    // every request under way listens to it
    setMaxListeners(0, lost);
    const http = new EngineHttp({
      name: session.name,
      connect: way.connect,
      lost,
      ...(way.by === 'command' ? { room: session.room } : {}),
    });
    return {
      name: session.name,
      socketPath: way.socketPath,
      by: way.by,
      isStarted: service !== undefined,
      lost,
      request: (request) => http.request(request),
      run,
      forwardPort: (server: Server, port: number) =>
        session.listen(port, (stream) => {
          server.emit('connection', stream);
        }),
      isSaturated: () => session.room.isCrowded || http.isCrowded,
      idleSince: () => session.idleSince(),
      checkAlive: (milliseconds) => session.checkAlive(milliseconds),
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

/** podman's sockets first, then podman's command, then docker's sockets. One where nobody listens is passed over. */
async function search(session: Session, run: Run, signal: AbortSignal | undefined): Promise<Way> {
  const found = await findSockets(run, signal);
  if (!found) {
    throw noLookingForSockets(session.name);
  }
  let problem: unknown;
  const ways = [
    ...found.paths.filter((path) => !isDocker(path)).map((path) => () => wayTo(session, path, run, signal)),
    ...(found.hasPodman ? [() => wayToStarted(session, run, signal)] : []),
    ...found.paths.filter(isDocker).map((path) => () => wayTo(session, path, run, signal)),
  ];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (!(error instanceof Failure) || error.problem.code !== 'engine.no-socket' || signal?.aborted) {
        throw error;
      }
      problem ??= error;
    }
  }
  throw problem ?? noSocketAnywhere(session.name);
}

async function wayToStarted(session: Session, run: Run, signal: AbortSignal | undefined): Promise<Way> {
  const stream = await session.openCommand(guardOnNode, { service: true });
  const service = await serviceOf(session.name, { stdin: stream, stdout: stream }, signal);
  try {
    return { ...(await wayTo(session, service.socketPath, run, signal)), service };
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** Finds out once how the socket can be reached, so that requests need not. */
async function wayTo(session: Session, socketPath: string, run: Run, signal: AbortSignal | undefined): Promise<Way> {
  let refusal: Failure;
  try {
    (await session.openStreamLocal(socketPath)).destroy();
    return { socketPath, connect: () => session.openStreamLocal(socketPath), by: 'stream-local' };
  } catch (error) {
    if (!(error instanceof Failure) || error.problem.code === 'ssh.lost') {
      throw error;
    }
    refusal = error;
  }
  // sshd does not say whether it is the socket that is missing or the permission, so the node itself is asked
  const state = await socketState(run, socketPath, signal);
  if (state !== 'open') {
    throw socketProblem(session.name, socketPath, state);
  }
  const connect = () => session.openCommand(dialStdio(socketPath), { bound: true });
  const probe = new EngineHttp({ name: session.name, connect, lost: session.lost, room: session.room });
  try {
    const answer = await probe.request({
      method: 'GET',
      path: '/_ping',
      timeoutMs: firstAnswerMs,
      ...(signal ? { signal } : {}),
    });
    answer.body.destroy();
    return { socketPath, connect, by: 'command' };
  } catch (error) {
    if (session.lost.aborted || signal?.aborted) {
      throw error;
    }
    const said = await dialComplaint(run, socketPath);
    if (/connection refused/i.test(said)) {
      throw socketProblem(session.name, socketPath, 'dead');
    }
    throw fail(
      'ssh.forwarding-refused',
      `Node ${session.name} forwards no connections to ${socketPath}, and \`${dialStdio(socketPath)}\` does not lead there either.`,
      'Set `AllowStreamLocalForwarding yes` in its sshd_config, or install the podman or docker command there.',
      [refusal.problem.detail, said].join('\n'),
      error,
    );
  } finally {
    probe.close();
  }
}
