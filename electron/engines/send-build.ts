import type { Readable } from 'node:stream';
import { cancelled, type EngineApi } from './engine-api.ts';

export interface SendBuild {
  /** Path of the build below the prefix of the API, with its query. */
  readonly path: string;
  /** The packed context; it is destroyed at the end. */
  readonly context: Readable;
  readonly signal: AbortSignal;
  /** Reads what the engine says, to its end. */
  readonly read: (stream: Readable) => Promise<void>;
  /** The failure to give for a build that the engine does not begin, where it is a special one. */
  readonly refusal?: (message: string) => Error | undefined;
  /** The engine has answered. */
  readonly onAnswer?: () => void;
  /** What to do when the signal aborts once the engine has answered, in place of ending the request: `stop` ends it. */
  readonly onAbort?: (stop: () => void) => void;
}

/** How a build's request went. */
export interface SentBuild {
  /** Why it broke off, to be thrown; undefined where the engine has said all it had to say. */
  readonly reason?: unknown;
  /** The engine has not begun it. */
  readonly refused: boolean;
  /** The engine has answered, so that it has had the whole context. */
  readonly answered: boolean;
}

/**
 * Sends a build to an engine and reads what it says. Ends the request when it is aborted from outside and when the context cannot be read
 * on; an engine that answers before it has read the context wants no more of it, which is no trouble.
 */
export async function sendBuild(api: EngineApi, options: SendBuild): Promise<SentBuild> {
  const action = 'start the build';
  const { path, context, signal, read } = options;
  const request = new AbortController();
  let unreadable: unknown;
  let broken: unknown;
  let refused = false;
  let answered = false;
  const stop = () => request.abort(signal.reason);
  const abort = () => (answered && options.onAbort ? options.onAbort(stop) : stop());
  signal.addEventListener('abort', abort, { once: true });
  context.on('error', (error) => {
    if (!answered) {
      unreadable ??= error;
      request.abort(error);
    }
  });
  try {
    const response = await api.send(action, {
      method: 'POST',
      path,
      headers: { 'Content-Type': 'application/x-tar' },
      body: context,
      signal: request.signal,
    });
    answered = true;
    if (response.status !== 200) {
      const message = await api.messageOf(response);
      refused = true;
      throw options.refusal?.(message) ?? api.refused(action, message);
    }
    const stream = response.body;
    request.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    options.onAnswer?.();
    await read(stream);
  } catch (error) {
    if (!signal.aborted && unreadable === undefined) {
      broken = api.failureOf(error, 'finish the build');
    }
  } finally {
    signal.removeEventListener('abort', abort);
    request.abort();
    context.destroy();
  }
  const reason = signal.aborted ? cancelled(signal) : (unreadable ?? broken);
  return { refused, answered, ...(reason === undefined ? {} : { reason }) };
}
