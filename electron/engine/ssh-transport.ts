import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure, fail } from '../../shared/problem.ts';
import type { Session } from '../ssh/session.ts';
import { EngineHttp } from './http.ts';
import {
  dialComplaint,
  dialStdio,
  findSocket,
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

/**
 * The way to the engine of a node over one SSH session. The socket is reached by stream-local forwarding or, where the node's
 * sshd forbids that, through `podman system dial-stdio` or docker's.
 *
 * Fails with `engine.no-socket` where no engine's socket is there or it is not ours to use, and with
 * `ssh.forwarding-refused` where no way leads to it.
 */
export async function openSshTransport(session: Session, options: SshTransportOptions): Promise<Transport> {
  try {
    const run: Run = (command, how) => session.run(command, how);
    const socketPath = options.socketPath ?? (await findSocket(run, options.signal));
    if (!socketPath) {
      throw noSocketAnywhere(session.name);
    }
    const connect = await wayTo(session, socketPath, run, options.signal);
    const http = new EngineHttp({ name: session.name, connect, lost: session.lost });
    return {
      name: session.name,
      socketPath,
      lost: session.lost,
      request: (request) => http.request(request),
      run,
      offer: (server: Server, port: number) =>
        session.listen(port, (stream) => {
          server.emit('connection', stream);
        }),
      async close() {
        http.close();
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

/** Finds out once how the socket can be reached, so that requests need not. */
async function wayTo(
  session: Session,
  socketPath: string,
  run: Run,
  signal: AbortSignal | undefined,
): Promise<() => Promise<Duplex>> {
  let refusal: Failure;
  try {
    (await session.openStreamLocal(socketPath)).destroy();
    return () => session.openStreamLocal(socketPath);
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
  const connect = () => session.openCommand(dialStdio(socketPath));
  const probe = new EngineHttp({ name: session.name, connect, lost: session.lost });
  try {
    const answer = await probe.request({
      method: 'GET',
      path: '/_ping',
      timeoutMs: firstAnswerMs,
      ...(signal ? { signal } : {}),
    });
    answer.body.destroy();
    return connect;
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
