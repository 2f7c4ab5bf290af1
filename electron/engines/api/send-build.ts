import type { Readable } from 'node:stream';
import type { EngineResponse } from '../transport/transport.ts';
import { cancelledProblem, type EngineApi } from './engine-api.ts';

export interface SendBuildOptions {
  /** Path of the build below the prefix of the API, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The packed context. It is destroyed when the request ends. */
  readonly context: Readable;
  readonly signal: AbortSignal;
  /** Reads the engine's output to its end. */
  readonly readOutput: (stream: Readable) => Promise<void>;
  /** Returns a specific problem for the engine's refusal to start the build, or undefined for the general one. */
  readonly explainRefusal?: (message: string) => Error | undefined;
  /** Called when the engine has responded, which it does once it has read the whole context. */
  readonly onResponse?: () => void;
  /** Sends the request without the whole context if that is possible. Undefined if `context` is to be sent. */
  readonly sendFromNode?: (signal: AbortSignal, onSent: () => void) => Promise<EngineResponse | undefined>;
  /** Replaces the end of the request when the signal aborts after the whole context was sent. `stop` ends the request. */
  readonly onAbort?: (stop: () => void, request: SentBuild) => void;
}

/** A request whose context was sent. */
export interface SentBuild {
  readonly hasResponded: boolean;
  /** Aborts when the request has ended. */
  readonly ended: AbortSignal;
}

/** How the request of a build ended. */
export interface SendBuildResult {
  /** Why the request broke, to be thrown. Undefined if the engine's output was read to its end. */
  readonly failure?: unknown;
  /** The engine refused to start the build. */
  readonly wasRefused: boolean;
  /** The engine has responded, so it has read the whole context. */
  readonly hasResponded: boolean;
  /** The whole context was sent, so the engine may have started the build. */
  readonly wasSent: boolean;
  /** The engine has ended the build itself. */
  readonly hasEnded: boolean;
}

/**
 * Sends a build to an engine and reads its output. The request ends when the signal aborts and when the context cannot be
 * read. An engine may respond before it has read the whole context; the rest of the context is then dropped.
 */
export async function sendBuild(api: EngineApi, options: SendBuildOptions): Promise<SendBuildResult> {
  const action = 'start the build';
  const { path, context, signal, readOutput } = options;
  const request = new AbortController();
  let contextError: unknown;
  let requestError: unknown;
  let wasRefused = false;
  let hasResponded = false;
  let hasEnded = false;
  let wasSentFromNode = false;
  const wasSent = () => hasResponded || wasSentFromNode || context.readableEnded;
  const stop = () => request.abort(signal.reason);
  const onAbort = () =>
    wasSent() && options.onAbort ? options.onAbort(stop, { hasResponded, ended: request.signal }) : stop();
  signal.addEventListener('abort', onAbort, { once: true });
  context.on('error', (error) => {
    if (!hasResponded) {
      contextError ??= error;
      request.abort(error);
    }
  });
  try {
    const response =
      (await options.sendFromNode?.(request.signal, () => {
        wasSentFromNode = true;
      })) ??
      (await api.send(action, {
        method: 'POST',
        path,
        headers: { ...options.headers, 'Content-Type': 'application/x-tar' },
        body: context,
        signal: request.signal,
      }));
    hasResponded = true;
    if (response.status !== 200) {
      const message = await api.readErrorMessage(response);
      wasRefused = true;
      throw options.explainRefusal?.(message) ?? api.refusedProblem(action, message);
    }
    const stream = response.body;
    request.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    options.onResponse?.();
    await readOutput(stream);
    hasEnded = true;
  } catch (error) {
    if (!signal.aborted && contextError === undefined) {
      requestError = api.toFailure(error, 'finish the build');
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    request.abort();
    context.destroy();
  }
  const failure = signal.aborted ? cancelledProblem(signal) : (contextError ?? requestError);
  return { wasRefused, hasResponded, wasSent: wasSent(), hasEnded, ...(failure === undefined ? {} : { failure }) };
}
