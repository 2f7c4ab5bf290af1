import { Agent, type IncomingMessage, request } from 'node:http';
import { type Duplex, PassThrough, pipeline, Readable } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';
import type { SessionCapacity } from '../../ssh/session-limit.ts';
import { Queue } from './queue.ts';
import type { EngineRequest, EngineResponse } from './transport.ts';

/** How many requests one engine answers at once; the next ones wait. Leaves room for commands on the same SSH connection. */
const maxConnections = 6;

/**
 * Milliseconds until an idle connection is closed. Shorter than the 5 s after which a socket-activated podman ends itself
 * when idle, so that it is us who close and no request meets a connection that the engine has just given up.
 */
const idleMs = 3_000;

export interface HttpOptions {
  /** The connection's name, for sentences. */
  readonly name: string;
  readonly connect: () => Promise<Duplex>;
  /** Aborts with the `Failure` to give when the line is lost. */
  readonly lost: AbortSignal;
  /** Where each connection is a command on the node: the room that there is for those. */
  readonly room?: SessionCapacity;
}

/** HTTP to an engine over streams of any kind. */
export class EngineHttp {
  readonly #options: HttpOptions;
  readonly #agent: StreamAgent;
  readonly #queue: Queue;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#agent = new StreamAgent(options.connect, options.room);
    this.#queue = new Queue(() => Math.min(maxConnections, options.room?.limit ?? maxConnections));
  }

  /**
   * Resolves with the head and a body to read; the body fails with a `Failure` when it breaks off. A body that is longer than
   * its buffer must be read or destroyed, since its request holds one of the few places until then.
   *
   * A connection that turns out to be stale is replaced once, where the request can be sent again.
   */
  async request(request: EngineRequest): Promise<EngineResponse> {
    const leave = await this.#enter(request);
    try {
      return await this.#send(request, leave);
    } catch (error) {
      if (error instanceof StaleConnection) {
        return await this.#send(request, leave);
      }
      throw error;
    }
  }

  /** Does a request wait just now because too many are under way? */
  get isCrowded(): boolean {
    return this.#queue.isCrowded || this.#options.room?.isCrowded === true;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Waits for a place and resolves with the way to leave it. The agent's own limit does not count connections that are still
   * being opened, so a rush of requests would open one each.
   */
  #enter({ signal, timeoutMs }: EngineRequest): Promise<() => void> {
    const { lost } = this.#options;
    // what may take any time has no limit of its own
    return this.#queue.enter(timeoutMs === undefined ? 'long' : 'short', signal ? [signal, lost] : [lost]);
  }

  #send({ method, path, headers, body, signal, timeoutMs }: EngineRequest, leave: () => void): Promise<EngineResponse> {
    const { lost } = this.#options;
    const what = `${method} ${path.replace(/\?.*$/, '')}`;
    /** What to tell of an error: why we stopped, if we did, rather than the reset that follows from it. */
    const explain = (error?: unknown): Error => {
      if (signal?.aborted || lost.aborted) {
        return asError(signal?.aborted ? signal.reason : lost.reason);
      }
      if (body instanceof Readable && body.errored) {
        return body.errored;
      }
      return error instanceof Failure ? error : this.#broken(what, error);
    };

    return new Promise((resolve, reject) => {
      const outgoing = request({ agent: this.#agent, host: 'engine', method, path, headers: { ...headers } });
      let answer: IncomingMessage | undefined;

      const stop = (error: Error) => {
        if (!answer) {
          forget();
          reject(error);
          if (!(error instanceof StaleConnection)) {
            leave();
          }
        }
        outgoing.destroy();
        answer?.destroy(error);
        if (body instanceof Readable) {
          body.destroy();
        }
      };
      const unlisten = listen(signal ? [signal, lost] : [lost], () => stop(explain()));
      let timer: NodeJS.Timeout | undefined;
      const forget = () => {
        unlisten();
        clearTimeout(timer);
      };

      // not before there is a connection: where the node has no room for one, that is no silence of its engine
      outgoing.once('socket', () => {
        if (timeoutMs !== undefined && !answer) {
          timer = setTimeout(() => stop(this.#silent(what, timeoutMs)), timeoutMs);
        }
      });
      outgoing.on('error', (error) => {
        // once the answer has begun, its body tells how it ends
        if (!answer) {
          const again = outgoing.reusedSocket && !(body instanceof Readable) && !signal?.aborted && !lost.aborted;
          stop(again && isReset(error) ? new StaleConnection() : explain(error));
        }
      });
      outgoing.once('response', (incoming) => {
        answer = incoming;
        clearTimeout(timer);
        const readable = new PassThrough();
        incoming.on('error', (error) => readable.destroy(explain(error)));
        incoming.once('close', () => {
          forget();
          leave();
          // the engine has said all it has to say, and does not want what is left of the body
          outgoing.destroy();
        });
        incoming.pipe(readable);
        readable.once('close', () => incoming.destroy());
        // whoever reads gets the error; a body that nobody reads must not bring the process down
        readable.on('error', () => {});
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: readable });
      });

      if (body instanceof Readable) {
        pipeline(body, outgoing, (error) => {
          if (error && !answer) {
            stop(explain(error));
          }
        });
      } else {
        outgoing.end(body);
      }
    });
  }

  #broken(what: string, error: unknown): Failure {
    return fail(
      'engine.unreachable',
      `Node ${this.#options.name}: the engine broke off ${what}.`,
      'Look whether the engine still runs there (`systemctl status podman.socket`, or `docker`), then try again.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }

  #silent(what: string, milliseconds: number): Failure {
    return fail(
      'engine.unreachable',
      `Node ${this.#options.name}: the engine did not answer ${what} within ${milliseconds / 1000} s.`,
      'The machine may be overloaded, or its engine stuck: look at it there, then try again.',
    );
  }
}

/** An agent whose connections are streams that somebody else opens. None is kept while somebody waits for the room it takes. */
class StreamAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;
  readonly #room: SessionCapacity | undefined;

  constructor(connect: () => Promise<Duplex>, room: SessionCapacity | undefined) {
    super({ keepAlive: true, timeout: idleMs });
    this.#connect = connect;
    this.#room = room;
    room?.onCrowded(() => {
      for (const stream of Object.values(this.freeSockets).flat()) {
        stream?.destroy();
      }
    });
  }

  // the types of Node 20 say that it returns nothing
  override keepSocketAlive(stream: Duplex): boolean {
    return !this.#room?.isCrowded && Boolean(super.keepSocketAlive(stream));
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    // the types leave no room for a failure without a stream, but the callback looks at none then
    this.#connect().then(
      (stream) => callback?.(null, stream),
      (error) => callback?.(asError(error), new PassThrough()),
    );
    return undefined;
  }
}

/** The engine closed a kept connection just as a request went out on it. */
class StaleConnection extends Error {}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Calls back when one of the signals aborts, at once where one has; returns the way to stop listening. */
function listen(signals: readonly AbortSignal[], onAbort: () => void): () => void {
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
