import type { NodeStatus } from '../../shared/node.ts';
import type { Problem, ProblemCode } from '../../shared/problem.ts';
import { backoffMs } from '../system/backoff.ts';

/** When a node is tried again, and which attempt that will be, counted from 1. */
export type Retry = NonNullable<Extract<NodeStatus, { state: 'down' }>['retry']>;

/**
 * What time alone may heal. A sign-in that was refused is not tried again: servers shut out who tries often (fail2ban), and so
 * do people whose password is asked for.
 */
const healing: ReadonlySet<ProblemCode> = new Set(['ssh.unreachable', 'ssh.timeout', 'ssh.lost', 'engine.unreachable']);

interface Waiting {
  readonly attempt: number;
  readonly at: number;
  /** Missing while it is being tried. */
  timer?: NodeJS.Timeout | undefined;
}

/** Tries nodes that are down again and again, ever more rarely, until they are up or what is wrong is nothing that time heals. */
export class Reconnector {
  readonly #attempt: (name: string) => void;
  readonly #random: () => number;
  readonly #waiting = new Map<string, Waiting>();
  #closed = false;

  /** @param attempt tries a node once and tells what it found, with {@link plan} or {@link settle}. */
  constructor(attempt: (name: string) => void, random: () => number = Math.random) {
    this.#attempt = attempt;
    this.#random = random;
  }

  /** A node is down: says when it is tried again, which is arranged; undefined where it is of no use. */
  plan(name: string, { code }: Problem): Retry | undefined {
    if (this.#closed || !healing.has(code)) {
      this.settle(name);
      return undefined;
    }
    const before = this.#waiting.get(name);
    // a line that is lost while it is tried is told of twice
    if (!before?.timer) {
      const attempt = (before?.attempt ?? 0) + 1;
      const waitMs = backoffMs(attempt, this.#random);
      const timer = setTimeout(() => this.#try(name), waitMs).unref();
      this.#waiting.set(name, { attempt, at: Date.now() + waitMs, timer });
    }
    return this.retry(name);
  }

  /** When a node is tried again, where that is planned. */
  retry(name: string): Retry | undefined {
    const waiting = this.#waiting.get(name);
    return waiting?.timer && { at: new Date(waiting.at).toISOString(), attempt: waiting.attempt };
  }

  /** A node is up, is no more, or is asked by a person just now: it is not tried again, and its next trouble begins anew. */
  settle(name: string): void {
    clearTimeout(this.#waiting.get(name)?.timer);
    this.#waiting.delete(name);
  }

  /** Tries all that wait at once, and begins anew with each that is still down: the world is another one than before. */
  wake(): void {
    for (const [name, { timer }] of this.#waiting) {
      if (timer) {
        clearTimeout(timer);
        this.#waiting.set(name, { attempt: 0, at: Date.now() });
        this.#attempt(name);
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const name of [...this.#waiting.keys()]) {
      this.settle(name);
    }
  }

  #try(name: string): void {
    const waiting = this.#waiting.get(name);
    if (waiting) {
      waiting.timer = undefined;
      this.#attempt(name);
    }
  }
}
