import { setTimeout as delay } from 'node:timers/promises';
import type { JobWait, NodeHold } from '../../shared/queue.ts';
import { holdFailure } from './node-holds.ts';
import type { QueueDecisions } from './queue-controls.ts';
import { type JobNote, type QueueEntry, QueueFiles } from './queue-files.ts';
import { forecast, type JobForecast, orderWaiting } from './queue-order.ts';

/** How often a waiting job looks for a free slot, in milliseconds: other processes do not notify this one. */
const pollMs = 250;

/**
 * A slot is free for a job, and it does not take it, because its process is suspended: after this time, in milliseconds, the next
 * ones do not wait for it any more. Several polls, so that it has had its chance.
 */
const unresponsiveMs = 1_000;

/** If it takes longer to see who runs, other processes may have taken this one for dead meanwhile. In milliseconds. */
const maxLookMs = 5_000;

/** So many of the builds that a job waits for are named. */
const maxBehind = 3;

/** An estimate of the start is reported again when it has changed by more than this, in milliseconds, or by a tenth of what is left. */
const startToleranceMs = 3_000;

export interface WaitOptions {
  /** Aborts when the job no longer wants the slot. */
  readonly signal: AbortSignal;
  /** Called while the job waits, whenever what it waits for has changed. */
  readonly onWait: (wait: JobWait) => void;
}

/** One job in the queue of a node: first it waits for a slot, then it has one until it is released. */
export interface Slot {
  /**
   * Resolves when the node has a slot for the job. Rejects with the reason of the signal, and with the Failure `node.draining` if
   * the node takes no more jobs. To be called once.
   */
  acquire(options: WaitOptions): Promise<void>;
  /** Leaves the queue, also while the job waits. May be called again. */
  release(): Promise<void>;
}

/** What decides who may start, besides the jobs themselves. */
export interface QueueRules {
  readonly decisions: QueueDecisions;
  /** By the name that a connection had when the build began. */
  readonly holdOf: (node: string) => NodeHold | undefined;
  /** How many jobs the node runs at once, over this connection. */
  readonly slotsOf: (node: string) => number;
}

interface Waiter extends WaitOptions {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  wait: JobWait | undefined;
}

/** The jobs of a node with what decides about them. */
export interface QueueView {
  readonly running: readonly QueueEntry[];
  /** In the order in which they start. */
  readonly waiting: readonly QueueEntry[];
  readonly rules: QueueRules;
}

/**
 * The jobs of one node, of all processes that share the folder.
 *
 * All processes see the same jobs and give them the same order, so usually only the job that is next tries to start. The order is
 * not what keeps a node from running too many jobs, though: a job runs only after it has seen, with its own file there, no more
 * running jobs than there are slots (`QueueFiles.takeSlot`). So processes that see different states for a moment, and those that do
 * not wait for a process that is suspended, may at worst try in vain. Nothing is locked: a process can be killed or suspended
 * anywhere.
 */
export class NodeQueue {
  readonly #files: QueueFiles;
  readonly #rules: () => Promise<QueueRules>;
  readonly #waiters = new Map<string, Waiter>();
  /** Since when each job that is next has not taken a free slot, from `performance.now()`. */
  readonly #hesitating = new Map<string, number>();
  #isServing = false;
  #checkNow = (): void => undefined;

  constructor(folder: string, rules: () => Promise<QueueRules>) {
    this.#files = new QueueFiles(folder);
    this.#rules = rules;
  }

  /** @throws Failure `settings.unwritable`, `disk.full` */
  async view(): Promise<QueueView> {
    const rules = await this.#rules();
    const entries = await this.#files.list();
    return {
      running: entries.filter(({ isRunning }) => isRunning),
      waiting: orderWaiting(entries, { ranks: rules.decisions.ranks, nowMs: Date.now() }),
      rules,
    };
  }

  /** Removes what dead processes have left behind. */
  removeDead(): Promise<void> {
    return this.#files.removeDead();
  }

  /** Adds a job. No other process may do so meanwhile. @throws Failure `disk.full`, `settings.unwritable` */
  async join(note: JobNote): Promise<Slot> {
    const id = await this.#files.add(note);
    return {
      acquire: (options) => this.#acquire(id, options),
      release: async () => {
        await this.#files.remove(id);
        this.#checkNow();
      },
    };
  }

  /** To be called when what decides about jobs has changed. Otherwise it is noticed a moment later. */
  checkNow(): void {
    this.#checkNow();
  }

  #acquire(id: string, options: WaitOptions): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const end = (settle: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        this.#waiters.delete(id);
        settle();
      };
      const onAbort = (): void => end(() => reject(signal.reason));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.set(id, {
        ...options,
        resolve: () => end(resolve),
        reject: (error) => end(() => reject(error)),
        wait: undefined,
      });
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
      const isAgain = await this.#check().catch(() => false);
      if (this.#waiters.size > 0) {
        await Promise.race([change, delay(isAgain ? backoffMs() : pollMs)]);
      }
    }
    this.#isServing = false;
    this.#hesitating.clear();
  }

  /** Starts the jobs of this process whose turn it is, and reports to the others what they wait for. @returns whether to look again soon */
  async #check(): Promise<boolean> {
    const view = await this.view();
    this.#endOnDrainedNodes(view);
    const next = this.#next(view);
    if (next) {
      await this.#start(next, view.rules);
      // a slot may be free for another, and what the others wait for has changed
      return true;
    }
    this.#report(view);
    return false;
  }

  #endOnDrainedNodes({ waiting, rules }: QueueView): void {
    for (const { id, note } of waiting) {
      const hold = note && rules.holdOf(note.node);
      if (hold?.state === 'draining') {
        this.#waiters.get(id)?.reject(holdFailure(hold));
      }
    }
  }

  /** The job of this process whose turn it is. Undefined if there is none. */
  #next({ running, waiting, rules }: QueueView): QueueEntry | undefined {
    const now = performance.now();
    const isFree = (entry: QueueEntry, before: number): boolean =>
      running.length + before < (entry.note ? rules.slotsOf(entry.note.node) : 1);
    let before = 0;
    const hesitating = new Set<string>();
    for (const entry of waiting) {
      if (reasonOf(entry, rules) !== 'slot' || !isFree(entry, before)) {
        continue;
      }
      if (this.#waiters.has(entry.id)) {
        return entry;
      }
      hesitating.add(entry.id);
      const sinceMs = this.#hesitating.get(entry.id) ?? now;
      this.#hesitating.set(entry.id, sinceMs);
      before += now - sinceMs < unresponsiveMs ? 1 : 0;
    }
    for (const id of this.#hesitating.keys()) {
      if (!hesitating.has(id)) {
        this.#hesitating.delete(id);
      }
    }
    return undefined;
  }

  /** Starts a job, unless another process was faster. */
  async #start({ id, note }: QueueEntry, rules: QueueRules): Promise<void> {
    const waiter = this.#waiters.get(id);
    if (!waiter || !note) {
      return;
    }
    try {
      await this.#files.takeSlot(id);
      if ((await this.#countRunning()) <= rules.slotsOf(note.node) && this.#waiters.has(id)) {
        waiter.resolve();
        return;
      }
    } catch (error) {
      await this.#files.yieldSlot(id);
      throw error;
    }
    await this.#files.yieldSlot(id);
  }

  async #countRunning(): Promise<number> {
    for (;;) {
      const startMs = performance.now();
      const count = (await this.#files.list()).filter(({ isRunning }) => isRunning).length;
      if (performance.now() - startMs < maxLookMs) {
        return count;
      }
    }
  }

  #report(view: QueueView): void {
    if (this.#waiters.size === 0) {
      return;
    }
    const forecasts = forecastOf(view);
    for (const entry of view.waiting) {
      const waiter = this.#waiters.get(entry.id);
      const wait = waiter && waitOf(entry, view, forecasts);
      if (waiter && wait && !isSameWait(waiter.wait, wait)) {
        waiter.wait = wait;
        waiter.onWait(wait);
      }
    }
  }
}

/** What keeps a waiting job from starting. `slot` if nothing does but those before it. */
export function reasonOf({ note, buildId }: QueueEntry, { decisions, holdOf }: QueueRules): JobWait['reason'] {
  if (decisions.isPaused) {
    return 'queue-paused';
  }
  if (decisions.paused.has(buildId)) {
    return 'build-paused';
  }
  return note && holdOf(note.node) ? 'node-paused' : 'slot';
}

/** When the jobs of a node start and end, by their ids. */
export function forecastOf({ running, waiting, rules }: QueueView): ReadonlyMap<string, JobForecast> {
  const now = Date.now();
  const [first] = [...running, ...waiting].flatMap(({ note }) => (note ? rules.slotsOf(note.node) : []));
  const times = forecast(
    first ?? 1,
    running.map((entry) => ({ remainingMs: remainingMs(entry, now) })),
    waiting.map((entry) => ({ remainingMs: remainingMs(entry, now), isHeld: reasonOf(entry, rules) !== 'slot' })),
  );
  return new Map(
    [...running, ...waiting].map(({ id }, index) => [id, [...times.running, ...times.waiting][index] ?? {}]),
  );
}

/** How long a job will still take. One that takes longer than estimated may end at any time. */
export function remainingMs({ note, startedMs }: QueueEntry, now: number): number | undefined {
  if (note?.estimateMs === undefined) {
    return undefined;
  }
  return startedMs === undefined ? note.estimateMs : Math.max(0, note.estimateMs - Math.max(0, now - startedMs));
}

function waitOf(entry: QueueEntry, view: QueueView, forecasts: ReadonlyMap<string, JobForecast>): JobWait {
  const { waiting, running, rules } = view;
  const before = waiting.slice(0, waiting.indexOf(entry)).filter((other) => reasonOf(other, rules) === 'slot');
  const reason = reasonOf(entry, rules);
  const startsInMs = forecasts.get(entry.id)?.startsInMs;
  const behind = buildsOf([...running, ...before].filter(({ buildId }) => buildId !== entry.buildId));
  const note = entry.note && reason === 'node-paused' ? rules.holdOf(entry.note.node)?.reason : undefined;
  return {
    reason,
    ahead: before.length,
    ...(startsInMs === undefined ? {} : { startsAt: new Date(Date.now() + startsInMs).toISOString() }),
    ...(behind.length > 0 ? { behind } : {}),
    ...(note === undefined ? {} : { note }),
  };
}

function buildsOf(entries: readonly QueueEntry[]): NonNullable<JobWait['behind']> {
  const builds = new Map<string, { buildId: string; reference: string; jobs: number }>();
  for (const { note } of entries) {
    if (note) {
      const { buildId, reference } = note;
      builds.set(buildId, { buildId, reference, jobs: (builds.get(buildId)?.jobs ?? 0) + 1 });
    }
  }
  return [...builds.values()].slice(0, maxBehind);
}

function isSameWait(one: JobWait | undefined, other: JobWait): boolean {
  const { startsAt: start, ...facts } = one ?? {};
  const { startsAt: otherStart, ...otherFacts } = other;
  return (
    JSON.stringify(facts) === JSON.stringify(otherFacts) &&
    (start === undefined) === (otherStart === undefined) &&
    (start === undefined || otherStart === undefined || isSameStart(Date.parse(start), Date.parse(otherStart)))
  );
}

function isSameStart(one: number, other: number): boolean {
  return Math.abs(one - other) < Math.max(startToleranceMs, Math.abs(other - Date.now()) / 10);
}

/** Of two processes that tried at once, one is sooner the next time. */
function backoffMs(): number {
  return Math.random() * 30;
}
