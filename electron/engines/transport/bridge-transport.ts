import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Failure, fail } from '../../../shared/problem.ts';
import { EngineHttp } from './http.ts';
import { findHttp2 } from './http2-greeting.ts';
import { noForwardingProblem, noShellProblem } from './tcp-problems.ts';
import type { Transport } from './transport.ts';

/** The program that connects its standard streams to BuildKit's socket. It is in every image of BuildKit from 0.5 on. */
export const bridgeProgram = ['buildctl', 'dial-stdio'] as const;

/** Milliseconds until the first answer of BuildKit. A cluster may take seconds to start a program in a pod. */
const greetingTimeoutMs = 30_000;

export interface BridgeTransportOptions {
  /** The connection's name. */
  readonly name: string;
  /** Where the daemon is, for messages: `docker-container://buildkitd`. */
  readonly address: string;
  /** Completes the sentence "Node NAME is reached …". */
  readonly how: string;
  /** Starts the program and resolves with its standard streams. The program ends with the stream. */
  readonly connect: () => Promise<Duplex>;
  readonly lost: AbortSignal;
  readonly idleSince: () => number | undefined;
  readonly checkAlive: (timeoutMs: number) => Promise<void>;
  readonly close: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a transport to a BuildKit daemon through the standard streams of a program beside it. Nothing else runs there, and no
 * ports are forwarded.
 * @throws Failure `engine.answer` if something else than BuildKit answers, `engine.unreachable` if nothing does, and those of
 *   `connect`
 */
export async function openBridgeTransport(options: BridgeTransportOptions): Promise<Transport> {
  const { name, address, how, lost } = options;
  setMaxListeners(0, lost);
  const http = new EngineHttp({ name, lost, connect: options.connect });
  try {
    await greet(http, options);
  } catch (error) {
    http.close();
    await options.close();
    throw error;
  }
  return {
    name,
    socketPath: address,
    lost,
    onlyGrpc: true,
    request: (request) => http.request(request),
    dial: (signal) => http.dial(signal),
    run: async () => {
      throw noShellProblem(name, how);
    },
    forwardPort: async () => {
      throw noForwardingProblem(name, how);
    },
    isSaturated: () => http.isSaturated,
    idleSince: options.idleSince,
    checkAlive: options.checkAlive,
    async close() {
      http.close();
      await options.close();
    },
  };
}

/** Makes sure that BuildKit answers. */
async function greet(http: EngineHttp, { name, address, signal }: BridgeTransportOptions): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(noAnswer(name, address)), greetingTimeoutMs);
  const either = signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal;
  try {
    const answer = await findHttp2(await http.dial(either), either);
    if (answer !== undefined) {
      throw fail(
        'engine.answer',
        `Node ${name}: what answers at ${address} is not BuildKit.`,
        'Check that the container runs BuildKit 0.5 or newer, as the image moby/buildkit does.',
        answer,
      );
    }
  } finally {
    clearTimeout(timer);
  }
}

function noAnswer(name: string, address: string): Failure {
  return fail(
    'engine.unreachable',
    `Node ${name}: BuildKit at ${address} did not answer within ${greetingTimeoutMs / 1000} s.`,
    'Check that buildkitd runs in the container, and its log.',
  );
}
