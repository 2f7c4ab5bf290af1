import type { Connection } from '../../shared/connection.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { fail } from '../../shared/problem.ts';
import type { NodeHold, NodeQueueState, Queue, QueuedBuild, QueueJob, QueueMove } from '../../shared/queue.ts';
import type { Events } from '../events.ts';
import type { NodeHolds } from './node-holds.ts';
import { forecastOf, type QueueView, reasonOf } from './node-queue.ts';
import type { NodeSlots } from './node-slots.ts';
import type { QueueControls, QueueDecisions } from './queue-controls.ts';
import type { QueueEntry } from './queue-files.ts';
import { moveBuild, orderBuilds } from './queue-order.ts';

/** How often the queue is looked at while it is not empty, in milliseconds: other processes give no notice. */
const pollMs = 1_000;

/** How long after an event the queue is looked at, in milliseconds: events come in groups. */
const settleMs = 200;

/** Estimates that differ by less are the same, in milliseconds. */
const toleranceMs = 10_000;

export interface QueueMonitorOptions {
  readonly slots: NodeSlots;
  readonly holds: NodeHolds;
  readonly controls: QueueControls;
  readonly events: Events;
  readonly connections: () => Promise<readonly Connection[]>;
}

/** The connections to one machine, and its jobs if it has some. */
interface Lane {
  readonly key: string;
  readonly connections: Set<string>;
  view?: QueueView;
}

/** The queue of all nodes as people see it, with what they decide about it. */
export class QueueMonitor {
  readonly #options: QueueMonitorOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Of the last queue that was seen. Front ends load the first one. */
  #last: string | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #isFollowing = false;

  constructor(options: QueueMonitorOptions) {
    this.#options = options;
  }

  /** The jobs of all processes on these nodes. @param names of connections. Default: all of them. @throws Failure `settings.*`, `disk.full` */
  async get(names?: readonly string[]): Promise<Queue> {
    const { slots, holds, controls, connections } = this.#options;
    const [all, held, decisions, views] = await Promise.all([
      connections(),
      holds.current(),
      controls.current(),
      slots.views(),
    ]);
    const lanes = this.#lanes(all, views).filter(
      (lane) => !names || [...lane.connections].some((name) => names.includes(name)),
    );
    const nodes = await Promise.all(lanes.map((lane) => this.#nodeState(lane, held)));
    const entries = lanes.flatMap(({ view }) => (view ? [...view.running, ...view.waiting] : []));
    return { isPaused: decisions.isPaused, builds: buildsOf(entries, nodes, decisions), nodes };
  }

  /**
   * Moves the jobs of a build on all nodes.
   * @throws Failure `queue.unknown`, `settings.*`
   */
  async move(id: string, to: QueueMove): Promise<void> {
    const { builds } = await this.get();
    const order = builds.map((build) => build.id);
    assertQueued(order, id);
    if (typeof to === 'object') {
      assertQueued(order, to.before);
    }
    const before = to === 'first' ? order.find((other) => other !== id) : to === 'last' ? undefined : to.before;
    if (before === id) {
      return;
    }
    await this.#options.controls.change(order, (decisions) => ({
      ...decisions,
      ranks: moveBuild(orderAgain(builds, decisions), decisions.ranks, id, before),
    }));
  }

  /** Lets a build, or all, start no further jobs, or start them again. @throws Failure `queue.unknown`, `settings.*` */
  async setPaused(isPaused: boolean, id?: string): Promise<void> {
    const order = (await this.get()).builds.map((build) => build.id);
    if (id !== undefined) {
      assertQueued(order, id);
    }
    await this.#options.controls.change(order, (decisions) => {
      if (id === undefined) {
        return { ...decisions, isPaused };
      }
      const paused = new Set(decisions.paused);
      paused.delete(id);
      return { ...decisions, paused: isPaused ? paused.add(id) : paused };
    });
  }

  /** To be called when anyone has decided something about the queue or its nodes. */
  async decided(): Promise<void> {
    this.#options.slots.checkNow();
    await this.#refresh();
  }

  /** Emits `queue.changed` when the queue has changed, until {@link close}. */
  follow(): void {
    this.#isFollowing = true;
    this.#options.events.subscribe((event) => {
      if (changesQueue(event)) {
        this.#lookIn(settleMs);
      }
    });
    this.#lookIn(0);
  }

  close(): void {
    this.#isFollowing = false;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    if (!this.#isFollowing) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), ms).unref();
  }

  #refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#look()).catch(() => undefined);
    return this.#refreshing;
  }

  async #look(): Promise<void> {
    if (!this.#isFollowing) {
      return;
    }
    const queue = await this.get().catch(() => undefined);
    if (queue) {
      const signature = signatureOf(queue);
      if (this.#last !== undefined && this.#last !== signature) {
        this.#options.events.batch({ event: 'queue.changed', queue });
      }
      this.#last = signature;
    }
    if (!queue || queue.builds.length > 0) {
      this.#lookIn(pollMs);
    }
  }

  #lanes(all: readonly Connection[], views: ReadonlyMap<string, QueueView>): Lane[] {
    const { slots } = this.#options;
    const lanes = new Map<string, Lane>();
    const laneOf = (key: string): Lane => {
      const lane = lanes.get(key) ?? { key, connections: new Set() };
      lanes.set(key, lane);
      return lane;
    };
    // the process of a job may know better than this one which machine a connection leads to
    const keys = new Map(
      [...views].flatMap(([key, { running, waiting }]) =>
        [...running, ...waiting].flatMap(({ note }) => (note ? [[slots.currentName(note.node), key] as const] : [])),
      ),
    );
    for (const connection of all) {
      laneOf(keys.get(connection.name) ?? slots.keyOf(connection)).connections.add(connection.name);
    }
    for (const [key, view] of views) {
      const lane = laneOf(key);
      lane.view = view;
      if (lane.connections.size === 0) {
        // their connections were removed
        for (const { note } of [...view.running, ...view.waiting]) {
          lane.connections.add(note?.node ?? key);
        }
      }
    }
    return [...lanes.values()];
  }

  async #nodeState({ key, connections, view }: Lane, held: ReadonlyMap<string, NodeHold>): Promise<NodeQueueState> {
    const names = [...connections];
    const counts = await Promise.all(names.map((name) => this.#options.slots.slotsOf(name)));
    const forecasts = view && forecastOf(view);
    const jobOf = (entry: QueueEntry) => view && this.#jobOf(entry, view, forecasts?.get(entry.id) ?? {});
    const entries = view ? [...view.running, ...view.waiting] : [];
    const jobs = entries.flatMap((entry) => jobOf(entry) ?? []);
    const others = entries.length - jobs.length;
    return {
      id: key,
      connections: names.map((name) => {
        const hold = held.get(name);
        return { name, ...(hold ? { hold } : {}) };
      }),
      slots: Math.max(1, ...counts),
      jobs,
      ...(others > 0 ? { others } : {}),
    };
  }

  #jobOf(
    entry: QueueEntry,
    { rules }: QueueView,
    { startsInMs, endsInMs }: { startsInMs?: number; endsInMs?: number },
  ): QueueJob | undefined {
    const { id, note, isRunning, startedMs, isOwn } = entry;
    if (!note) {
      return undefined;
    }
    return {
      id,
      buildId: note.buildId,
      reference: note.reference,
      platform: note.platform,
      node: this.#options.slots.currentName(note.node),
      state: isRunning ? 'running' : 'waiting',
      ...(isRunning ? {} : { reason: reasonOf(entry, rules) }),
      priority: note.priority,
      since: iso(note.sinceMs),
      ...(startedMs === undefined ? {} : { startedAt: iso(startedMs) }),
      ...(note.estimateMs === undefined ? {} : { estimateMs: note.estimateMs }),
      ...(isRunning || startsInMs === undefined ? {} : { startsAt: fromNow(startsInMs) }),
      ...(endsInMs === undefined ? {} : { endsAt: fromNow(endsInMs) }),
      ...(isOwn ? {} : { ofOtherProcess: true as const }),
    };
  }
}

function changesQueue({ event }: AppEvent): boolean {
  return (
    event === 'build.started' || event === 'job.changed' || event === 'build.finished' || event === 'farms.changed'
  );
}

function orderAgain(builds: readonly QueuedBuild[], { ranks }: QueueDecisions): string[] {
  return orderBuilds(builds.map(ordered), ranks).map(({ buildId }) => buildId);
}

function ordered({ id, priority, since }: QueuedBuild) {
  return { id, buildId: id, priority, number: Date.parse(since) };
}

/** The builds of all jobs, in their order. */
function buildsOf(
  entries: readonly QueueEntry[],
  nodes: readonly NodeQueueState[],
  { ranks, paused }: QueueDecisions,
): QueuedBuild[] {
  const jobs = nodes.flatMap((node) => node.jobs);
  const builds = new Map<string, QueuedBuild>();
  for (const { note, isRunning, isOwn } of entries) {
    if (!note) {
      continue;
    }
    const { buildId: id, reference, priority } = note;
    const before = builds.get(id);
    const since = iso(note.sinceMs);
    builds.set(id, {
      id,
      reference,
      priority,
      since: before && before.since < since ? before.since : since,
      running: (before?.running ?? 0) + Number(isRunning),
      waiting: (before?.waiting ?? 0) + Number(!isRunning),
      isPaused: paused.has(id),
      isMoved: ranks.has(id),
      ...(isOwn ? {} : { ofOtherProcess: true as const }),
    });
  }
  const ends = new Map<string, string | undefined>();
  for (const { buildId, endsAt } of jobs) {
    const before = ends.has(buildId) ? ends.get(buildId) : endsAt;
    ends.set(buildId, before === undefined || endsAt === undefined ? undefined : before > endsAt ? before : endsAt);
  }
  return orderBuilds(
    [...builds.values()].map((build) => ({ ...ordered(build), build })),
    ranks,
  ).map(({ build }) => {
    const endsAt = ends.get(build.id);
    return { ...build, ...(endsAt === undefined ? {} : { endsAt }) };
  });
}

/** @throws Failure `queue.unknown` */
function assertQueued(order: readonly string[], id: string): void {
  if (!order.includes(id)) {
    throw fail(
      'queue.unknown',
      `Build ${id} has no jobs in the queue.`,
      order.length === 0
        ? 'No build has jobs in the queue now.'
        : `In the queue are ${order.slice(0, 5).join(', ')}${order.length > 5 ? ' and others' : ''}.`,
    );
  }
}

function iso(ms: number): string {
  // of another process, and perhaps no time at all
  return new Date(Math.min(Math.max(0, ms), maxTimeMs)).toISOString();
}

/** The last time that a date can have. */
const maxTimeMs = 8_640_000_000_000_000;

function fromNow(ms: number): string {
  return iso(Math.round((Date.now() + ms) / 1000) * 1000);
}

/** Equal for queues that look the same. Idle nodes do not count: other events report what changes them. */
function signatureOf({ nodes, ...queue }: Queue): string {
  const busy = nodes.filter(({ jobs, connections }) => jobs.length > 0 || connections.some(({ hold }) => hold));
  return JSON.stringify({ ...queue, nodes: busy }, (key, value: unknown) =>
    (key === 'startsAt' || key === 'endsAt') && typeof value === 'string'
      ? Math.round(Date.parse(value) / toleranceMs)
      : value,
  );
}
