/**
 * HTTP to an engine over streams of any kind.
 *
 * This uses `node:http` instead of undici's `Pool`, because a `Pool` has a fixed number of connections, queues short requests
 * behind long ones, and hides its idle connections, which must be closed when the node needs their SSH sessions. A `Pool` also
 * fails a request that meets a stale connection instead of retrying it (7.30.2), so the queue and the retry would stay.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type Duplex, PassThrough, pipeline, Readable } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';
import type { SessionCapacity } from '../../ssh/session-limit.ts';
import { errnoCode } from '../../system/file-errors.ts';
import { noServerName } from '../../system/no-server-name.ts';
import { RequestQueue } from './request-queue.ts';
import { idleTimeoutMs, StreamAgent } from './stream-agent.ts';
import type { EngineRequest, EngineResponse } from './transport.ts';

/** How many requests to one engine run at once. Leaves channels of the same SSH connection for commands. */
const maxConnections = 6;

export interface EngineHttpOptions {
  /** The connection's name, for messages. */
  readonly name: string;
  /** Opens a stream to the engine's socket. */
  readonly connect: () => Promise<Duplex>;
  /** Streams to the engine's socket that are open or being opened already. The first connections use them. */
  readonly opened?: readonly Promise<Duplex>[];
  /** Aborts with a `Failure` when the connection to the node is lost. */
  readonly lost: AbortSignal;
  /** Why a connection broke, if its error says more than that it was closed. */
  readonly explain?: (error: unknown) => Failure | undefined;
  /** How many SSH sessions the node allows, if each connection takes one. */
  readonly capacity?: SessionCapacity;
}

export class EngineHttp {
  readonly #options: EngineHttpOptions;
  readonly #keepingAgent: StreamAgent;
  readonly #singleUseAgent: StreamAgent;
  readonly #queue: RequestQueue;
  /** Open streams of {@link dial}. */
  readonly #dialed = new Set<Duplex>();
  #isClosed = false;
  /** Streams that no request has used yet. */
  readonly #unused = new Set<Promise<Duplex>>();

  constructor(options: EngineHttpOptions) {
    this.#options = options;
    const connect = () => this.#connect();
    this.#keepingAgent = new StreamAgent(connect, { keepAlive: true, capacity: options.capacity });
    this.#singleUseAgent = new StreamAgent(connect, { keepAlive: false });
    for (const opening of options.opened ?? []) {
      this.#addUnused(opening);
    }
    this.#queue = new RequestQueue(() => Math.min(maxConnections, options.capacity?.limit ?? maxConnections));
  }

  /**
   * Sends a request and resolves with the response's headers and a readable body. If the body breaks, its error is a `Failure`.
   * The request keeps its slot until the body ends, so a body that is longer than its buffer must be read or destroyed.
   *
   * Requests use kept connections. If the engine has just closed one, the request is sent again on a new connection. A POST may
   * have been executed when its connection breaks, so it is never sent twice, and uses only connections that are certainly open.
   *
   * @throws Failure `engine.unreachable` if the engine closes the connection or does not respond in time; the reason of `lost`
   *   or of the request's signal; the error of the request's body
   */
  async request(request: EngineRequest): Promise<EngineResponse> {
    const releaseSlot = await this.#acquireSlot(request);
    const { method, body } = request;
    const isRepeatable = method !== 'POST' && !(body instanceof Readable);
    if (!isRepeatable) {
      this.#keepingAgent.closeStale();
    }
    try {
      return await this.#send(request, this.#keepingAgent, releaseSlot, isRepeatable);
    } catch (error) {
      if (error instanceof StaleConnectionError) {
        return await this.#send(request, this.#singleUseAgent, releaseSlot, false);
      }
      throw error;
    }
  }

  /**
   * Opens a stream to the engine's socket, outside of the queue of requests. It breaks with the reason of `lost`.
   * @param signal ends the wait for the stream
   */
  async dial(signal?: AbortSignal): Promise<Duplex> {
    const { lost } = this.#options;
    const signals = signal ? [signal, lost] : [lost];
    let removeListeners = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      removeListeners = onceAborted(signals, () => reject(signals.find(({ aborted }) => aborted)?.reason));
    });
    const opening = this.#connect();
    const stream = await Promise.race([aborted, opening])
      .catch((error: unknown) => {
        opening.then(
          (late) => late.destroy(),
          () => undefined,
        );
        throw error;
      })
      .finally(() => removeListeners());
    const stopListening = onceAborted([lost], () => stream.destroy(asError(lost.reason)));
    this.#dialed.add(stream);
    // The caller gets the error, too. Without this listener, an error before the caller listens would end the process.
    stream.on('error', () => {});
    stream.once('close', () => {
      stopListening();
      this.#dialed.delete(stream);
    });
    return stream;
  }

  /** Opens a connection for a request that will be sent soon, unless one is open or each takes an SSH session. */
  prepare(): void {
    const { connect, capacity } = this.#options;
    this.#keepingAgent.closeStale();
    if (!capacity && !this.#isClosed && this.#unused.size === 0 && !this.#keepingAgent.hasIdle) {
      this.#addUnused(connect());
    }
  }

  /** Is a request waiting because too many run at once? */
  get isSaturated(): boolean {
    return this.#queue.isSaturated || this.#options.capacity?.isSaturated === true;
  }

  /** Ends kept connections and dialed streams. */
  close(): void {
    this.#keepingAgent.destroy();
    this.#singleUseAgent.destroy();
    this.#isClosed = true;
    for (const opening of this.#unused) {
      this.#closeUnused(opening);
    }
    for (const stream of this.#dialed) {
      stream.destroy();
    }
  }

  async #connect(): Promise<Duplex> {
    const [opening] = this.#unused;
    if (opening && this.#unused.delete(opening)) {
      const stream = await opening.catch(() => undefined);
      if (stream && !stream.destroyed) {
        return stream;
      }
    }
    return this.#options.connect();
  }

  /** Keeps a stream for the next request, but not for long. */
  #addUnused(opening: Promise<Duplex>): void {
    this.#unused.add(opening);
    opening.catch(() => undefined);
    setTimeout(() => this.#closeUnused(opening), idleTimeoutMs).unref();
  }

  #closeUnused(opening: Promise<Duplex>): void {
    if (this.#unused.delete(opening)) {
      opening.then(
        (stream) => stream.destroy(),
        () => undefined,
      );
    }
  }

  /**
   * Waits for a slot and resolves with the function that releases it. The agent's own limit does not count connections that
   * are still being opened, so many requests at once would open one connection each.
   */
  #acquireSlot({ signal, timeoutMs }: EngineRequest): Promise<() => void> {
    const { lost } = this.#options;
    return this.#queue.acquire(timeoutMs === undefined ? 'long' : 'short', signal ? [signal, lost] : [lost]);
  }

  #send(
    { method, path, headers, body, signal, timeoutMs }: EngineRequest,
    agent: StreamAgent,
    releaseSlot: () => void,
    isRepeatable: boolean,
  ): Promise<EngineResponse> {
    const { lost } = this.#options;
    const requestLine = `${method} ${path.replace(/\?.*$/, '')}`;
    /** The cause of an error. An abort or a broken body makes the connection fail, but is what the caller needs to know. */
    const causeOf = (error?: unknown): Error => {
      if (signal?.aborted || lost.aborted) {
        return asError(signal?.aborted ? signal.reason : lost.reason);
      }
      if (body instanceof Readable && body.errored) {
        return body.errored;
      }
      return error instanceof Failure
        ? error
        : (this.#options.explain?.(error) ?? this.#closedProblem(requestLine, error));
    };

    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({ ...noServerName, agent, host: 'engine', method, path, headers: { ...headers } });
      let response: IncomingMessage | undefined;

      const stop = (error: Error) => {
        if (!response) {
          stopWaiting();
          reject(error);
          if (!(error instanceof StaleConnectionError)) {
            releaseSlot();
          }
        }
        outgoing.destroy();
        response?.destroy(error);
        if (body instanceof Readable) {
          body.destroy();
        }
      };
      const removeListeners = onceAborted(signal ? [signal, lost] : [lost], () => stop(causeOf()));
      let timer: NodeJS.Timeout | undefined;
      const stopWaiting = () => {
        removeListeners();
        clearTimeout(timer);
      };

      // The timeout starts when there is a connection. Waiting for a free SSH session says nothing about the engine.
      outgoing.once('socket', () => {
        if (timeoutMs !== undefined && !response) {
          timer = setTimeout(() => stop(this.#timeoutProblem(requestLine, timeoutMs)), timeoutMs);
        }
      });
      outgoing.on('error', (error) => {
        // Once the response has begun, errors reach the caller through its body.
        if (!response) {
          const isStale = isRepeatable && outgoing.reusedSocket && isReset(error) && !signal?.aborted && !lost.aborted;
          stop(isStale ? new StaleConnectionError() : causeOf(error));
        }
      });
      outgoing.once('response', (incoming) => {
        response = incoming;
        clearTimeout(timer);
        const readable = new PassThrough();
        incoming.on('error', (error) => readable.destroy(causeOf(error)));
        incoming.once('close', () => {
          stopWaiting();
          releaseSlot();
          // The response is complete, so the engine does not need the rest of the request's body.
          outgoing.destroy();
        });
        incoming.pipe(readable);
        readable.once('close', () => incoming.destroy());
        // Readers get the error, too. Without this listener, an error in a body that nothing reads would end the process.
        readable.on('error', () => {});
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: readable });
      });

      if (body instanceof Readable) {
        pipeline(body, outgoing, (error) => {
          if (error && !response) {
            stop(causeOf(error));
          }
        });
      } else {
        outgoing.end(body);
      }
    });
  }

  #closedProblem(requestLine: string, error: unknown): Failure {
    return fail(
      'engine.unreachable',
      `Node ${this.#options.name}: the engine closed the connection during ${requestLine}.`,
      'Check that the engine is running on the node (`systemctl status podman.socket`, or `docker`), then try again.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }

  #timeoutProblem(requestLine: string, timeoutMs: number): Failure {
    return fail(
      'engine.unreachable',
      `Node ${this.#options.name}: the engine did not respond to ${requestLine} within ${timeoutMs / 1000} s.`,
      'The machine may be overloaded or its engine stuck. Check the machine, then try again.',
    );
  }
}

/** The engine closed a kept connection when a request was sent on it. */
class StaleConnectionError extends Error {}

function isReset(error: Error): boolean {
  const code = errnoCode(error);
  return code === 'ECONNRESET' || code === 'EPIPE';
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/**
 * Calls back when one of the signals aborts, or soon if one has aborted already. Returns a function that removes the
 * listeners.
 */
function onceAborted(signals: readonly AbortSignal[], onAbort: () => void): () => void {
  for (const signal of signals) {
    signal.addEventListener('abort', onAbort);
  }
  if (signals.some(({ aborted }) => aborted)) {
    queueMicrotask(onAbort);
  }
  return () => {
    for (const signal of signals) {
      signal.removeEventListener('abort', onAbort);
    }
  };
}
