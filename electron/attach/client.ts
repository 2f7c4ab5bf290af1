import { connect, type Socket } from 'node:net';
import type { AppEvent, CallInput, CallName, CallOutput } from '../../shared/contract.ts';
import { type Failure, fail, type Problem, type Result } from '../../shared/problem.ts';
import type { App } from '../app.ts';
import { dataFolder } from '../system/data-folder.ts';
import { version } from '../system/version.ts';
import { findSocket } from './address.ts';
import { hashEnvironment } from './environment.ts';
import {
  helloSchema,
  isAppEvent,
  maxResponseChars,
  parseLine,
  parseResult,
  type Response,
  readLines,
  responseSchema,
  send,
} from './protocol.ts';

/** The app in another process. */
export interface RunningApp extends Pick<App, 'call' | 'subscribe'> {
  /** Aborts with a Failure `app.closed` when the app ends first. */
  readonly lost: AbortSignal;
  /** Cancels what is still running and disconnects. */
  close(): Promise<void>;
}

export interface AttachOptions {
  /** The data folder; by default the usual one. */
  readonly home?: string;
  /** Whether the app must have the same configuration, keys and logins in its environment. */
  readonly hasToShareEnvironment: boolean;
}

/** How long the app may take to answer, in milliseconds. A terminal works by itself then. */
const answerTimeoutMs = 300;

/** How long the app may take to close its side, in milliseconds. */
const closeTimeoutMs = 1_000;

/**
 * Connects to the running app of a data folder.
 * @returns undefined if none of this version answers, if its environment differs, or if `$BARNRAISER_ATTACH` is 0
 */
export async function attachToRunningApp({
  home = dataFolder(),
  hasToShareEnvironment,
}: AttachOptions): Promise<RunningApp | undefined> {
  const path = process.env.BARNRAISER_ATTACH === '0' ? undefined : await findSocket(home).catch(() => undefined);
  return path === undefined ? undefined : open(path, hasToShareEnvironment);
}

function open(path: string, hasToShareEnvironment: boolean): Promise<RunningApp | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const closeUnattached = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(undefined);
    };
    const timer = setTimeout(closeUnattached, answerTimeoutMs);
    socket.on('error', closeUnattached);
    socket.on('close', closeUnattached);
    let app: AttachedApp | undefined;
    readLines(socket, maxResponseChars, {
      onLine: (line) => {
        if (app) {
          app.receive(line);
          return;
        }
        const hello = parseLine(helloSchema, line);
        const isSame = hello && (!hasToShareEnvironment || hello.environment === hashEnvironment(hello.salt));
        if (hello?.version !== version || !isSame) {
          closeUnattached();
          return;
        }
        clearTimeout(timer);
        app = new AttachedApp(socket);
        resolve(app);
      },
      onTooLong: () => socket.destroy(),
    });
  });
}

class AttachedApp implements RunningApp {
  readonly #socket: Socket;
  readonly #pending = new Map<string, (result: Result<unknown>) => void>();
  readonly #listeners = new Set<(event: AppEvent, seq: number) => void>();
  readonly #lost = new AbortController();
  readonly #closed: Promise<void>;
  #isClosing = false;
  #lastId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        if (!this.#isClosing) {
          this.#lose(appClosed());
        }
        resolve();
      });
    });
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  call<N extends CallName>(
    name: N,
    input: CallInput<N>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Result<CallOutput<N>>> {
    if (this.#socket.destroyed) {
      return Promise.resolve({ ok: false, problem: appClosed().problem });
    }
    this.#lastId += 1;
    const id = String(this.#lastId);
    return new Promise((resolve) => {
      const cancel = (): void => send(this.#socket, { type: 'cancel', id });
      this.#pending.set(id, (result) => {
        signal?.removeEventListener('abort', cancel);
        resolve(parseResult(name, result) ?? { ok: false, problem: unexpectedAnswer(name) });
      });
      send(this.#socket, { type: 'call', id, name, input });
      signal?.addEventListener('abort', cancel, { once: true });
      if (signal?.aborted) {
        cancel();
      }
    });
  }

  subscribe(listener: (event: AppEvent, seq: number) => void): () => void {
    if (this.#listeners.size === 0) {
      send(this.#socket, { type: 'subscribe' });
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    // the app closes its side as soon as it has read everything
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
    await this.#closed;
    clearTimeout(timer);
  }

  receive(line: string): void {
    const response = parseLine<Response>(responseSchema, line);
    if (response?.type === 'result') {
      this.#pending.get(response.id)?.(response.result);
      this.#pending.delete(response.id);
    } else if (response?.type === 'event' && isAppEvent(response.event)) {
      for (const listener of this.#listeners) {
        listener(response.event, response.seq);
      }
    } else {
      this.#socket.destroy();
    }
  }

  #lose(failure: Failure): void {
    this.#lost.abort(failure);
    for (const resolve of this.#pending.values()) {
      resolve({ ok: false, problem: failure.problem });
    }
    this.#pending.clear();
  }
}

function appClosed(): Failure {
  return fail(
    'app.closed',
    'Barnraiser was closed, and this command used it.',
    'Run the command again: without the app it works by itself.',
  );
}

function unexpectedAnswer(name: CallName): Problem {
  return fail('bug', `Barnraiser sent an unexpected answer to ${name}.`, 'Restart Barnraiser, then try again.').problem;
}
