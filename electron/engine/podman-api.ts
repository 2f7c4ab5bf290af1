import type { Readable } from 'node:stream';
import { z } from 'zod';
import { Failure, fail } from '../../shared/problem.ts';
import type { EngineRequest, EngineResponse, Transport } from './transport.ts';

/** The prefix that podman 4.0 to 6.x understand. */
const prefix = '/v4.0.0/libpod/';

/** Milliseconds that a question may take; an emulated node under load needs many seconds for what takes a real one none. */
export const patience = 60_000;

/** An answer that is longer than this, in bytes, is not one to a question. */
const largestAnswer = 64 * 1024 * 1024;

const errorSchema = z.object({ message: z.string().optional(), cause: z.string().optional() });

export interface PodmanRequest extends Omit<EngineRequest, 'path'> {
  /** Path below `/v4.0.0/libpod/`, with its query. */
  readonly path: string;
}

/** podman's libpod API through a transport: every way in which a request can go wrong becomes a `Failure` that names the node. */
export class PodmanApi {
  readonly node: string;
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.node = transport.name;
    this.transport = transport;
  }

  /** The response to a request, whatever its status. `action` completes "podman could not …". */
  async send(action: string, request: PodmanRequest): Promise<EngineResponse> {
    try {
      return await this.transport.request({ ...request, path: `${prefix}${request.path}` });
    } catch (error) {
      throw this.failureOf(error, action, request.signal);
    }
  }

  /** The body of a response that must be good; fails with `engine.refused` and what podman said otherwise. */
  async open(action: string, request: PodmanRequest): Promise<Readable> {
    const response = await this.send(action, request);
    if (response.status < 200 || response.status > 299) {
      throw this.refused(action, await this.messageOf(response));
    }
    return response.body;
  }

  /** A small answer, checked against its schema. */
  async ask<T>(action: string, schema: z.ZodType<T>, request: PodmanRequest): Promise<T> {
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

  /** What podman says in a bad response. */
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
    return outOfSpace(this.node, message) ?? this.#refused(action, message);
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
      `Node ${this.node}: podman broke off before it could ${action}.`,
      'Look whether it still runs there (`systemctl status podman.socket`), then try again.',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }

  #refused(action: string, message: string): Failure {
    return fail(
      'engine.refused',
      `Node ${this.node}: podman could not ${action}: ${firstLine(message)}.`,
      'Look at what podman says on the node: `podman info` and `journalctl -u podman` (as a user: `journalctl --user -u podman`).',
      message,
    );
  }

  #misunderstood(action: string, detail: string): Failure {
    return fail(
      'engine.answer',
      `Node ${this.node}: podman was asked to ${action} and gave an answer that Barnraiser does not understand.`,
      'Check that podman on the node is 4.0 or newer and that nothing in between changes what it says.',
      detail,
    );
  }
}

/** The failure of a full disk, where a message speaks of one. */
export function outOfSpace(node: string, message: string): Failure | undefined {
  return /no space left on device|disk quota exceeded/i.test(message)
    ? fail(
        'disk.full',
        `Node ${node} has no space left on its disk.`,
        'Free some: prune the node, or run `podman system prune` on it.',
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
