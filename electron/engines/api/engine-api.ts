/** Requests to an engine's HTTP API, shared by podman and docker. */
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { type EngineKind, engineNames } from '../../../shared/node.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import { sanitizeText } from '../../../shared/untrusted-text.ts';
import type { EngineRequest, EngineResponse, Transport } from '../transport/transport.ts';

/** Milliseconds for a short request. A real node needs far less than a second, an emulated node under load many seconds. */
export const requestTimeoutMs = 60_000;

/** The largest response body that is read into memory, in bytes. */
const maxResponseBytes = 64 * 1024 * 1024;

const errorSchema = z.object({ message: z.string().optional(), cause: z.string().optional() });

export interface ApiRequest extends Omit<EngineRequest, 'path'> {
  /** Path below the prefix of the API, with its query. */
  readonly path: string;
}

/** An engine's version and commands, for the texts of problems. */
interface EngineHints {
  /** Shows whether the engine runs. */
  readonly statusCommand: string;
  /** Show the engine's state and log. */
  readonly logCommands: string;
  readonly oldestVersion: string;
  /** Removes unused data. */
  readonly pruneCommand: string;
}

const engineHints: Readonly<Record<EngineKind, EngineHints>> = {
  podman: {
    statusCommand: '`systemctl status podman.socket`',
    logCommands: '`podman info` and `journalctl -u podman` (rootless: `journalctl --user -u podman`)',
    oldestVersion: '4.0',
    pruneCommand: '`podman system prune`',
  },
  docker: {
    statusCommand: '`systemctl status docker`',
    logCommands: '`docker info` and `journalctl -u docker`',
    oldestVersion: '17.06',
    pruneCommand: '`docker system prune`',
  },
  buildkit: {
    statusCommand: '`systemctl status buildkit`',
    logCommands: '`buildctl debug workers` and `journalctl -u buildkit`',
    oldestVersion: '0.11',
    pruneCommand: '`buildctl prune`',
  },
};

/**
 * An engine's HTTP API through a transport. Every failed request becomes a `Failure` that names the node. The parameter
 * `action` of its methods completes the sentence "podman could not …".
 */
export class EngineApi {
  readonly node: string;
  readonly transport: Transport;
  /** The start of every path, such as `/v4.0.0/libpod/`. */
  readonly prefix: string;
  readonly kind: EngineKind;
  readonly #name: string;
  readonly #hints: EngineHints;

  constructor(transport: Transport, kind: EngineKind, prefix: string) {
    this.node = transport.name;
    this.transport = transport;
    this.kind = kind;
    this.#name = engineNames[kind];
    this.#hints = engineHints[kind];
    this.prefix = prefix;
  }

  /** Sends a request and resolves with the response, whatever its status. */
  async send(action: string, request: ApiRequest): Promise<EngineResponse> {
    try {
      return await this.transport.request({ ...request, path: `${this.prefix}${request.path}` });
    } catch (error) {
      throw this.toFailure(error, action, request.signal);
    }
  }

  /** Sends a request and resolves with the response body. @throws Failure `engine.refused` unless the status is 2xx */
  async openStream(action: string, request: ApiRequest): Promise<Readable> {
    const response = await this.send(action, request);
    if (response.status < 200 || response.status > 299) {
      throw this.refusedProblem(action, await this.readErrorMessage(response));
    }
    return response.body;
  }

  /** Sends a short request and resolves with its JSON response, checked against the schema. */
  async requestJson<T>(action: string, schema: z.ZodType<T>, request: ApiRequest): Promise<T> {
    const body = await this.openStream(action, { timeoutMs: requestTimeoutMs, ...request });
    return this.parse(action, schema, await this.readText(action, body, request.signal));
  }

  parse<T>(action: string, schema: z.ZodType<T>, text: string): T {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.#unexpectedResponseProblem(action, sanitizeText(text, 200));
    }
    const result = schema.safeParse(value);
    if (!result.success) {
      throw this.#unexpectedResponseProblem(action, sanitizeText(z.prettifyError(result.error)));
    }
    return result.data;
  }

  async readText(action: string, body: Readable, signal?: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.length;
        if (size > maxResponseBytes) {
          throw this.#unexpectedResponseProblem(action, `It is longer than ${maxResponseBytes} bytes.`);
        }
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.toFailure(error, action, signal);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** The engine's message in an error response. */
  async readErrorMessage(response: EngineResponse): Promise<string> {
    const text = await this.readText('report an error', response.body);
    try {
      const { message, cause } = errorSchema.parse(JSON.parse(text));
      return sanitizeText(message || cause || '') || `HTTP ${response.status}`;
    } catch {
      return sanitizeText(text, 500) || `HTTP ${response.status}`;
    }
  }

  /** The problem of a request that the engine refused with this message. */
  refusedProblem(action: string, message: string): Failure {
    return (
      diskFullProblem(this.node, this.kind, message) ??
      fail(
        'engine.refused',
        `Node ${this.node}: ${this.#name} could not ${action}: ${firstLine(message)}.`,
        `Check ${this.#name} on the node: ${this.#hints.logCommands}.`,
        message,
      )
    );
  }

  /** Why a request broke: its signal aborted, the connection to the node is lost, or the engine closed the connection. */
  toFailure(error: unknown, action: string, signal?: AbortSignal): Failure {
    if (signal?.aborted) {
      return cancelledProblem(signal);
    }
    if (error instanceof Failure) {
      return error;
    }
    if (this.transport.lost.aborted && this.transport.lost.reason instanceof Failure) {
      return this.transport.lost.reason;
    }
    return fail(
      'engine.unreachable',
      `Node ${this.node}: ${this.#name} closed the connection before it could ${action}.`,
      `Check that ${this.#name} is running on the node (${this.#hints.statusCommand}), then try again.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }

  #unexpectedResponseProblem(action: string, detail: string): Failure {
    const { oldestVersion } = this.#hints;
    const name = this.#name;
    return fail(
      'engine.answer',
      `Node ${this.node}: ${name} sent an unexpected response to a request to ${action}.`,
      `Check that ${name} on the node is ${oldestVersion} or newer and that no proxy changes its responses.`,
      detail,
    );
  }
}

/** How many of the last lines of a failed step may say that there is no space left. */
const maxFullLines = 5;

/**
 * The problem of a full disk, if the message reports one, or the program of the step that has failed.
 * @param printed the last lines of the step, oldest first
 */
export function diskFullProblem(
  node: string,
  engine: EngineKind,
  message: string,
  printed: readonly string[] = [],
): Failure | undefined {
  // podman prints the step, too, which may contain any text
  const lines = printed.slice(-maxFullLines).filter((line) => !line.startsWith('STEP '));
  return [message, ...lines].some((line) => /no space left on device|disk quota exceeded/i.test(line))
    ? fail(
        'disk.full',
        `Node ${node} has no space left on its disk.`,
        `Free disk space: prune the node, or run ${engineHints[engine].pruneCommand} on it.`,
        message,
      ).offering({ id: 'free-disk', node })
    : undefined;
}

/** The reason of an aborted signal if it is a `Failure`, otherwise `build.cancelled`. */
export function cancelledProblem(signal: AbortSignal): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail('build.cancelled', 'The operation was cancelled.', 'Start it again when you are ready.');
}

/** The first line of a message, without punctuation at its end, for use inside a sentence. */
export function firstLine(message: string): string {
  return (message.trim().split('\n')[0] ?? '').replace(/[.:\s]+$/, '');
}

/** The problem of a build that the engine ended without reporting an image id. */
export function noImageProblem(node: string, engine: EngineKind): Failure {
  return fail(
    'build.no-image',
    `Node ${node}: ${engineNames[engine]} ended the build without reporting an image.`,
    `Build again. If this happens again, check ${engineHints[engine].logCommands} on the node.`,
  );
}
