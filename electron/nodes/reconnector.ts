import type { NodeStatus } from '../../shared/node.ts';
import type { Problem, ProblemCode } from '../../shared/problem.ts';
import { backoffMs } from '../system/backoff.ts';

/** When the next attempt to reconnect is made, and its number, counted from 1. */
export type Retry = NonNullable<Extract<NodeStatus, { state: 'down' }>['retry']>;

/** 1 s before the first attempt, doubled up to 60 s. */
const retryBackoff = { firstMs: 1_000, maxMs: 60_000, jitter: 0.5 };

/**
 * Problems that may go away by themselves. A refused sign-in is not retried: servers block clients that try often
 * (fail2ban), and the user would be asked for the password again and again.
 */
const temporaryProblems: ReadonlySet<ProblemCode> = new Set([
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.lost',
  'tcp.unreachable',
  'tcp.timeout',
  'tcp.lost',
  'container.missing',
  'container.exec',
  'pod.exec',
  'engine.unreachable',
]);

interface PendingRetry {
  readonly attempt: number;
  /** Time of the attempt, from `Date.now()`. */
  readonly atMs: number;
  /** Undefined while the attempt runs. */
  timer?: NodeJS.Timeout | undefined;
}

/** Reconnects nodes that are down, with back-off, until they are up or have a problem that is not temporary. */
export class Reconnector {
  readonly #reconnect: (name: string) => void;
  readonly #random: () => number;
  readonly #pending = new Map<string, PendingRetry>();
  #isClosed = false;

  /** @param reconnect tries to reconnect once and reports the result with {@link nodeDown} or {@link cancel}. */
  constructor(reconnect: (name: string) => void, random: () => number = Math.random) {
    this.#reconnect = reconnect;
    this.#random = random;
  }

  /** Plans the next attempt for a node that is down. Returns undefined if its problem is not temporary. */
  nodeDown(name: string, { code }: Problem): Retry | undefined {
    if (this.#isClosed || !temporaryProblems.has(code)) {
      this.cancel(name);
      return undefined;
    }
    const pending = this.#pending.get(name);
    // a connection that is lost during an attempt is reported twice
    if (!pending?.timer) {
      const attempt = (pending?.attempt ?? 0) + 1;
      const waitMs = backoffMs(attempt, retryBackoff, this.#random);
      const timer = setTimeout(() => this.#startAttempt(name), waitMs).unref();
      this.#pending.set(name, { attempt, atMs: Date.now() + waitMs, timer });
    }
    return this.nextRetry(name);
  }

  /** The planned attempt for a node, or undefined if none is planned. */
  nextRetry(name: string): Retry | undefined {
    const pending = this.#pending.get(name);
    return pending?.timer && { at: new Date(pending.atMs).toISOString(), attempt: pending.attempt };
  }

  /**
   * Cancels the attempts for a node that is up, was removed or is being probed. The next attempts are counted from 1
   * again.
   */
  cancel(name: string): void {
    clearTimeout(this.#pending.get(name)?.timer);
    this.#pending.delete(name);
  }

  /**
   * Makes all planned attempts now, for example after this computer woke up. The back-off of all nodes starts again.
   */
  retryNow(): void {
    for (const [name, { timer }] of this.#pending) {
      if (timer) {
        clearTimeout(timer);
        this.#pending.set(name, { attempt: 0, atMs: Date.now() });
        this.#reconnect(name);
      }
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const name of [...this.#pending.keys()]) {
      this.cancel(name);
    }
  }

  #startAttempt(name: string): void {
    const pending = this.#pending.get(name);
    if (pending) {
      pending.timer = undefined;
      this.#reconnect(name);
    }
  }
}
