import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { EngineKind } from '../../shared/node.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { EngineRequest, EngineResponse, Transport } from './transport/transport.ts';

/** Milliseconds that a question may take; an emulated node under load needs many seconds for what takes a real one none. */
export const patience = 60_000;

/** An answer that is longer than this, in bytes, is not one to a question. */
const largestAnswer = 64 * 1024 * 1024;

const errorSchema = z.object({ message: z.string().optional(), cause: z.string().optional() });

export interface ApiRequest extends Omit<EngineRequest, 'path'> {
  /** Path below the prefix of the API, with its query. */
  readonly path: string;
}

/** What an engine is called, and what helps where it does not do what it should. */
interface Words {
  readonly name: string;
  /** Shows whether it runs. */
  readonly status: string;
  /** Shows what it says. */
  readonly journal: string;
  readonly oldest: string;
  /** Removes what nothing uses. */
  readonly prune: string;
}

const wordsOf: Readonly<Record<EngineKind, Words>> = {
  podman: {
    name: 'podman',
    status: '`systemctl status podman.socket`',
    journal: '`podman info` and `journalctl -u podman` (as a user: `journalctl --user -u podman`)',
    oldest: '4.0',
    prune: '`podman system prune`',
  },
  docker: {
    name: 'docker',
    status: '`systemctl status docker`',
    journal: '`docker info` and `journalctl -u docker`',
    oldest: '18.09',
    prune: '`docker system prune`',
  },
};

/** An engine's HTTP API through a transport: every way in which a request can go wrong becomes a `Failure` that names the node. */
export class EngineApi {
  readonly node: string;
  readonly transport: Transport;
  readonly #prefix: string;
  readonly #kind: EngineKind;
  readonly #words: Words;

  /** @param prefix what every path begins with, such as `/v4.0.0/libpod/`. */
  constructor(transport: Transport, kind: EngineKind, prefix: string) {
    this.node = transport.name;
    this.transport = transport;
    this.#kind = kind;
    this.#words = wordsOf[kind];
    this.#prefix = prefix;
  }

  /** The response to a request, whatever its status. `action` completes "podman could not …". */
  async send(action: string, request: ApiRequest): Promise<EngineResponse> {
    try {
      return await this.transport.request({ ...request, path: `${this.#prefix}${request.path}` });
    } catch (error) {
      throw this.failureOf(error, action, request.signal);
    }
  }

  /** The body of a response that must be good; fails with `engine.refused` and what the engine said otherwise. */
  async open(action: string, request: ApiRequest): Promise<Readable> {
    const response = await this.send(action, request);
    if (response.status < 200 || response.status > 299) {
      throw this.refused(action, await this.messageOf(response));
    }
    return response.body;
  }

  /** A small answer, checked against its schema. */
  async ask<T>(action: string, schema: z.ZodType<T>, request: ApiRequest): Promise<T> {
    const body = await this.open(action, { timeoutMs: patience, ...request });
    return this.parse(action, schema, await this.textOf(action, body, request.signal));
  }

  parse<T>(action: string, schema: z.ZodType<T>, text: string): T {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.#misunderstood(action, text.slice(0, 200));
    }
    const result = schema.safeParse(value);
    if (!result.success) {
      throw this.#misunderstood(action, z.prettifyError(result.error));
    }
    return result.data;
  }

  async textOf(action: string, body: Readable, signal?: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.length;
        if (size > largestAnswer) {
          throw this.#misunderstood(action, `It is longer than ${largestAnswer} bytes.`);
        }
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.failureOf(error, action, signal);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  /** What the engine says in a bad response. */
  async messageOf(response: EngineResponse): Promise<string> {
    const text = await this.textOf('say what is wrong', response.body);
    try {
      const { message, cause } = errorSchema.parse(JSON.parse(text));
      return message || cause || `HTTP ${response.status}`;
    } catch {
      return text.trim().slice(0, 500) || `HTTP ${response.status}`;
    }
  }

  refused(action: string, message: string): Failure {
    return outOfSpace(this.node, this.#kind, message) ?? this.#refused(action, message);
  }

  /** Why a request broke off: it was aborted, the line is lost, or the engine has dropped it. */
  failureOf(error: unknown, action: string, signal?: AbortSignal): Failure {
    if (signal?.aborted) {
      return cancelled(signal);
    }
    if (error instanceof Failure) {
      return error;
    }
    if (this.transport.lost.aborted && this.transport.lost.reason instanceof Failure) {
      return this.transport.lost.reason;
    }
    return fail(
      'engine.unreachable',
      `Node ${this.node}: ${this.#words.name} broke off before it could ${action}.`,
      `Look whether it still runs there (${this.#words.status}), then try again.`,
      error instanceof Error ? error.message : String(error),
      error,
    );
  }

  #refused(action: string, message: string): Failure {
    return fail(
      'engine.refused',
      `Node ${this.node}: ${this.#words.name} could not ${action}: ${firstLine(message)}.`,
      `Look at what ${this.#words.name} says on the node: ${this.#words.journal}.`,
      message,
    );
  }

  #misunderstood(action: string, detail: string): Failure {
    return fail(
      'engine.answer',
      `Node ${this.node}: ${this.#words.name} was asked to ${action} and gave an answer that Barnraiser does not understand.`,
      `Check that ${this.#words.name} on the node is ${this.#words.oldest} or newer and that nothing in between changes what it says.`,
      detail,
    );
  }
}

/** The failure of a full disk, where a message speaks of one. */
export function outOfSpace(node: string, engine: EngineKind, message: string): Failure | undefined {
  return /no space left on device|disk quota exceeded/i.test(message)
    ? fail(
        'disk.full',
        `Node ${node} has no space left on its disk.`,
        `Free some: prune the node, or run ${wordsOf[engine].prune} on it.`,
        message,
      )
    : undefined;
}

/** Why a signal has aborted: its own reason where that is a `Failure`. */
export function cancelled(signal: AbortSignal): Failure {
  return signal.reason instanceof Failure
    ? signal.reason
    : fail('build.cancelled', 'It was cancelled.', 'Start it again when you are ready.');
}

/** The first line of a message, fit for the middle of a sentence. */
export function firstLine(message: string): string {
  return (message.trim().split('\n')[0] ?? '').replace(/[.:\s]+$/, '');
}

/** The failure of a build whose engine ended it without naming an image. */
export function noImage(node: string, engine: EngineKind): Failure {
  return fail(
    'build.no-image',
    `Node ${node}: ${engine} ended the build without naming an image.`,
    `Build again; if it happens again, look at \`journalctl -u ${engine}\` on the node.`,
  );
}
