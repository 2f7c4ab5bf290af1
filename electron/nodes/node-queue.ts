import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { Heartbeat, readHeartbeat } from '../system/heartbeat.ts';

/** How often a waiting job looks for a free slot, in milliseconds: other processes do not notify this one. */
const pollMs = 250;

export interface WaitOptions {
  /** Aborts when the job no longer wants the slot. */
  readonly signal: AbortSignal;
  /** Called while the job waits, whenever the number of jobs that wait before it has changed. */
  readonly onWait: (ahead: number) => void;
}

/** The position of one job in the queue of a node: first it waits for a slot, then it has one until it is released. */
export interface Slot {
  /** Resolves when the node has a slot for the job. Rejects with the reason of the signal. To be called once. */
  acquire(options: WaitOptions): Promise<void>;
  /** Leaves the queue, also while the job waits. May be called again. */
  release(): Promise<void>;
}

interface Waiter extends WaitOptions {
  readonly resolve: () => void;
  ahead: number | undefined;
}

/**
 * The jobs of one node, of all processes that share the folder. Each job has a heartbeat in the folder, whose name is a
 * number that is greater than those of all jobs before it. The first jobs, as many as the node has slots, run.
 *
 * That needs no lock: a job starts only when it sees fewer jobs before it than there are slots, and nothing comes before
 * a job that is already there, because numbers are assigned one after the other.
 */
export class NodeQueue {
  readonly #folder: string;
  readonly #limit: () => Promise<number>;
  readonly #own = new Set<number>();
  readonly #waiters = new Map<number, Waiter>();
  #isServing = false;
  #checkNow = (): void => undefined;

  /** @param limit how many jobs the node runs at once; asked again whenever jobs wait. */
  constructor(folder: string, limit: () => Promise<number>) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /** The numbers of the jobs of living processes, in their order. */
  async jobs(): Promise<number[]> {
    const numbers = await this.#numbers();
    const isAlive = await Promise.all(
      numbers.map(async (number) => this.#own.has(number) || (await readHeartbeat(this.#pathOf(number))) === 'alive'),
    );
    // another process may have removed heartbeats of this one while it was suspended
    const alive = new Set([...numbers.filter((_, position) => isAlive[position]), ...this.#own]);
    return [...alive].sort((one, other) => one - other);
  }

  /** Removes what dead processes have left behind. No other process may join meanwhile. */
  async removeDead(): Promise<void> {
    const alive = new Set(await this.jobs());
    const dead = (await this.#numbers()).filter((number) => !alive.has(number));
    await Promise.all(dead.map((number) => rm(this.#pathOf(number), { force: true })));
  }

  /**
   * Adds a job at the end. No other process may join meanwhile.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async join(): Promise<Slot> {
    const number = Math.max(0, ...(await this.#numbers()), ...this.#own) + 1;
    const path = this.#pathOf(number);
    const heartbeat = await Heartbeat.start(path).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    this.#own.add(number);
    return {
      acquire: (options) => this.#acquire(number, options),
      release: async () => {
        this.#own.delete(number);
        await heartbeat.stop();
        this.#checkNow();
      },
    };
  }

  #acquire(number: number, options: WaitOptions): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        this.#waiters.delete(number);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const onSlot = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiters.set(number, { ...options, resolve: onSlot, ahead: undefined });
      this.#checkNow();
      void this.#serve();
    });
  }

  /** Gives free slots to the waiting jobs of this process until none waits. */
  async #serve(): Promise<void> {
    if (this.#isServing) {
      return;
    }
    this.#isServing = true;
    while (this.#waiters.size > 0) {
      const change = new Promise<void>((resolve) => {
        this.#checkNow = resolve;
      });
      // if the folder cannot be read now, the jobs go on waiting
      await this.#check().catch(() => undefined);
      if (this.#waiters.size > 0) {
        await Promise.race([change, delay(pollMs)]);
      }
    }
    this.#isServing = false;
  }

  async #check(): Promise<void> {
    const limit = await this.#limit();
    const jobs = await this.jobs();
    for (const [number, waiter] of this.#waiters) {
      const before = jobs.indexOf(number);
      if (before < limit) {
        this.#waiters.delete(number);
        waiter.resolve();
      } else if (waiter.ahead !== before - limit) {
        waiter.ahead = before - limit;
        waiter.onWait(waiter.ahead);
      }
    }
  }

  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissingPath(error)) {
        return [];
      }
      throw diskFailure(error, join(this.#folder, 'x'));
    });
    return names.filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  }

  #pathOf(number: number): string {
    return join(this.#folder, String(number));
  }
}
