import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ConnectionOptions, type EngineHost, isLoopback } from '../../../shared/connection.ts';
import { Failure } from '../../../shared/problem.ts';
import { networkErrorCode } from '../../system/tls-errors.ts';
import { type DialProgress, dialEngine } from './dial-engine.ts';
import { EngineHttp } from './http.ts';
import { findHttp2 } from './http2-greeting.ts';
import { listenOnLoopback } from './local-transport.ts';
import {
  formatTcpAddress,
  noEngineProblem,
  noForwardingProblem,
  noShellProblem,
  type TcpPeer,
  tcpLost,
  tlsExpectedProblem,
  tlsProblem,
  unencryptedProblem,
} from './tcp-problems.ts';
import { loadTls, type TlsOptions } from './tls-files.ts';
import type { Transport } from './transport.ts';

export interface TcpTransportOptions extends TlsOptions, Pick<ConnectionOptions, 'allowUnencrypted'> {
  readonly name: string;
  readonly destination: Extract<EngineHost, { kind: 'tcp' }>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DialProgress) => void) | undefined;
  readonly timing?: Partial<TcpTiming>;
}

/** In milliseconds. */
export interface TcpTiming {
  /** For the TCP connection, and again for the TLS handshake. */
  readonly connectMs: number;
  /** The time between two checks whether the node is still there. */
  readonly keepAliveIntervalMs: number;
  /** How long the node may take to answer one. */
  readonly keepAliveTimeoutMs: number;
}

/** Detects a dead node within 14 s, as over SSH. */
const defaultTiming: TcpTiming = { connectMs: 15_000, keepAliveIntervalMs: 4_000, keepAliveTimeoutMs: 10_000 };

/** Milliseconds for the first response of the engine. */
const firstResponseMs = 30_000;

/**
 * Opens a transport to an engine that listens on a TCP port. Each request has a connection of its own, or one that an earlier
 * request has left. No commands run on the node. Its ports can be forwarded only if it is this computer.
 *
 * @throws Failure `tcp.unencrypted` without TLS to another machine, unless that is allowed; `tls.*`; `tcp.*`
 */
export async function openTcpTransport(options: TcpTransportOptions): Promise<Transport> {
  const { name, destination, signal, onProgress } = options;
  const timing = { ...defaultTiming, ...options.timing };
  const tls = await loadTls(name, options);
  const peer: TcpPeer = { name, host: destination.host, port: destination.port, tls };
  if (!tls && !isLoopback(peer.host) && !options.allowUnencrypted) {
    throw unencryptedProblem(peer);
  }
  const connections = new OpenConnections();
  // the first connection may fail because the engine speaks another protocol
  const reported = new Set<DialProgress['kind']>();
  const reportOnce = (progress: DialProgress): void => {
    if (!reported.has(progress.kind)) {
      reported.add(progress.kind);
      onProgress?.(progress);
    }
  };
  const dial = async (protocols: readonly string[]): Promise<Socket> => {
    const limits = { timeoutMs: timing.connectMs, signal: ended.signal };
    return connections.add(await dialEngine(peer, { ...limits, protocols, onProgress: reportOnce }));
  };
  /** Aborts when the transport is closed or lost. */
  const ended = new AbortController();
  const lost = new AbortController();
  // every running request listens to it
  setMaxListeners(0, lost.signal, ended.signal);
  const explain = (error: unknown) => tlsProblem(peer, error);
  const http = new EngineHttp({ name, lost: lost.signal, connect: () => dial(['http/1.1']), explain });
  const abortOpening = (): void => ended.abort(signal?.reason);
  signal?.addEventListener('abort', abortOpening, { once: true });
  const opening = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  let speaksHttp: boolean;
  try {
    signal?.throwIfAborted();
    speaksHttp = await findProtocol(http, peer, dial, opening);
  } catch (error) {
    http.close();
    ended.abort();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', abortOpening);
  }
  const raw = new EngineHttp({
    name,
    lost: lost.signal,
    connect: () => dial(speaksHttp ? ['http/1.1'] : ['h2']),
    explain,
  });
  const lose = (detail: string): void => {
    lost.abort(tcpLost(peer, detail));
    ended.abort(lost.signal.reason);
  };
  /** A connection with its handshake shows that the node answers, and disturbs no engine. */
  const ping = async (timeoutMs: number): Promise<void> => {
    try {
      const options = { timeoutMs, signal: ended.signal, protocols: speaksHttp ? ['http/1.1'] : ['h2'] };
      (await dialEngine(peer, options)).destroy();
    } catch (error) {
      if (!ended.signal.aborted) {
        lose(error instanceof Failure ? error.problem.message : String(error));
      }
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const keepAlive = (): void => {
    timer = setTimeout(async () => {
      await ping(timing.keepAliveTimeoutMs);
      if (!ended.signal.aborted) {
        keepAlive();
      }
    }, timing.keepAliveIntervalMs).unref();
  };
  keepAlive();
  return {
    name,
    socketPath: `tcp://${formatTcpAddress(peer)}`,
    lost: lost.signal,
    onlyGrpc: !speaksHttp,
    request: (request) => http.request(request),
    prepare: () => http.prepare(),
    dial: (dialSignal) => raw.dial(dialSignal),
    run: async () => {
      throw noShellProblem(name, 'over TCP');
    },
    forwardPort: async (server, port) => {
      if (!isLoopback(peer.host)) {
        throw noForwardingProblem(name, 'over TCP');
      }
      return listenOnLoopback(server, port);
    },
    isSaturated: () => http.isSaturated,
    idleSince: () => connections.idleSince,
    checkAlive: ping,
    async close() {
      clearTimeout(timer);
      ended.abort();
      http.close();
      raw.close();
    },
  };
}

/**
 * Whether the engine answers requests of HTTP/1.1, as docker and podman do, or only HTTP/2. Only an answer shows that it accepts
 * the client certificate: with TLS 1.3 it says so after the handshake.
 * @throws Failure `tls.*` if the engine refuses the connection, `tcp.*` if it cannot be reached, `engine.answer` if it answers
 *   neither
 */
async function findProtocol(http: EngineHttp, peer: TcpPeer, dial: Dial, signal: AbortSignal): Promise<boolean> {
  try {
    const { status, body } = await http.request({ method: 'GET', path: '/_ping', timeoutMs: firstResponseMs, signal });
    const answer = await text(body);
    // servers written in Go, and nginx, say so in plain HTTP
    if (status === 400 && !peer.tls && /HTTP request (?:was sent )?to (?:an )?HTTPS/.test(answer)) {
      throw tlsExpectedProblem(peer);
    }
    if (status === 200) {
      return true;
    }
    // a server of both may serve gRPC alone, and answer other requests with an error
    return (await greet(peer, dial, signal)) !== undefined;
  } catch (error) {
    // a gRPC server closes the connection, or does not agree on HTTP/1.1 in the first place
    const isOther = error instanceof Failure && error.problem.code === 'engine.unreachable';
    if (signal.aborted || !(isOther || isProtocolRefused(error))) {
      throw error;
    }
  }
  const answer = await greet(peer, dial, signal);
  if (answer !== undefined) {
    throw noEngineProblem(peer, answer);
  }
  return false;
}

/** What the engine says to a client of HTTP/2; undefined if it speaks that. */
async function greet(peer: TcpPeer, dial: Dial, signal: AbortSignal): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(firstResponseMs);
  try {
    return await findHttp2(await dial(['h2']), AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted || error instanceof Failure) {
      throw signal.aborted ? signal.reason : error;
    }
    throw tlsProblem(peer, error) ?? noEngineProblem(peer, error instanceof Error ? error.message : String(error));
  }
}

/** Opens a connection for one of the protocols. */
type Dial = (protocols: readonly string[]) => Promise<Duplex>;

/** Whether a server of TLS does not speak HTTP/1.1. */
function isProtocolRefused(error: unknown): boolean {
  return error instanceof Failure && /NO_APPLICATION_PROTOCOL$/.test(networkErrorCode(error.cause));
}

/** The connections of a transport that are open now. */
class OpenConnections {
  readonly #open = new Set<Socket>();
  #lastClosedMs = performance.now();

  add(socket: Socket): Socket {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#lastClosedMs = performance.now();
    });
    return socket;
  }

  get idleSince(): number | undefined {
    return this.#open.size > 0 ? undefined : this.#lastClosedMs;
  }
}
