import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../../shared/connection.ts';
import type { QueuePriority } from '../../shared/queue.ts';
import { withFileLock } from '../system/file-lock.ts';
import type { NodeHolds } from './node-holds.ts';
import type { NodeLoads } from './node-load.ts';
import { NodeQueue, type QueueRules, type QueueView, remainingMs, type Slot } from './node-queue.ts';
import { noDecisions, type QueueControls } from './queue-controls.ts';
import type { JobNote } from './queue-files.ts';

/** How old what decides about jobs may be, in milliseconds. */
const maxRulesAgeMs = 50;

export interface NodeSlotsOptions {
  /**
   * How many jobs a node runs at once, over the connection of this name. It is read again whenever jobs wait. It may fail; its last
   * result counts then.
   */
  readonly slotsOf: () => Promise<(connection: string) => number>;
  /** Identifies the machine that a connection, by its name, leads to. Undefined if it is unknown. */
  readonly machineOf?: (connection: string) => string | undefined;
  readonly holds?: Pick<NodeHolds, 'current'>;
  readonly controls?: Pick<QueueControls, 'current'>;
}

/** The build that jobs belong to. */
export interface QueuedBuild {
  readonly id: string;
  readonly reference: string;
  readonly priority?: QueuePriority | undefined;
  /** When it asked for its jobs, in milliseconds since 1970. Jobs that move to another node do not lose their turn. Default: now */
  readonly sinceMs?: number | undefined;
}

/** A job that is to be put in the queue of a node. */
export interface AssignedJob {
  readonly node: string;
  readonly platform: string;
  /** How long it takes, in milliseconds, as far as that is known. */
  readonly estimate?: { readonly ms: number } | undefined;
}

/**
 * The slots of all nodes: how many jobs each runs at once, over all builds of all processes of a data folder. Connections
 * that lead to the same machine share its slots. A machine that is unknown is identified by the URI of the connection.
 */
export class NodeSlots {
  readonly #folder: string;
  readonly #options: NodeSlotsOptions;
  readonly #queues = new Map<string, NodeQueue>();
  /** The names that connections have now, by those that running builds know. */
  readonly #renamed = new Map<string, string>();
  #slotsOf: (connection: string) => number = () => 1;
  #recent: { readonly atMs: number; readonly value: Promise<QueueRules> } | undefined;

  constructor(folder: string, options: NodeSlotsOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** The load of each node now, from all processes. @throws Failure `settings.unwritable`, `disk.full` */
  async load(connections: readonly Connection[]): Promise<NodeLoads> {
    const loads = await Promise.all(
      connections.map(async (connection) => {
        const { running, waiting, rules } = await this.#queueOf(connection).view();
        const now = Date.now();
        const jobs = [...running, ...waiting].map((entry) => {
          const ms = remainingMs(entry, now);
          return ms === undefined ? {} : { remainingMs: ms };
        });
        const hold = rules.holdOf(connection.name);
        return [connection.name, { slots: rules.slotsOf(connection.name), jobs, ...(hold ? { hold } : {}) }] as const;
      }),
    );
    return Object.fromEntries(loads);
  }

  /**
   * Assigns jobs of a build to nodes by the load of the nodes, and puts each job in the queue of its node. No other job is assigned
   * meanwhile, in any process, so builds that start at once see each other's load.
   * @param jobsOf the jobs of what `assign` returns. @returns what `assign` returned, and the slots in the order of the
   *   jobs
   * @throws Failure `settings.locked`, `settings.unwritable`, `disk.full`, and any error of `assign`
   */
  reserve<T>(
    build: QueuedBuild,
    connections: readonly Connection[],
    assign: (load: NodeLoads) => T,
    jobsOf: (assigned: T) => readonly AssignedJob[],
  ): Promise<{ assigned: T; slots: Slot[] }> {
    return withFileLock(this.#folder, async (assertHeld) => {
      const assigned = assign(await this.load(connections));
      const slots: Slot[] = [];
      try {
        for (const job of jobsOf(assigned)) {
          const connection = connections.find(({ name }) => name === job.node);
          if (!connection) {
            throw new Error(`the schedule names ${job.node}, which is not a connection of the build`);
          }
          const queue = this.#queueOf(connection);
          await queue.removeDead();
          assertHeld();
          slots.push(await queue.join(noteOf(build, job)));
        }
        return { assigned, slots };
      } catch (error) {
        await Promise.all(slots.map((slot) => slot.release()));
        throw error;
      }
    });
  }

  /** The queues of all machines that have jobs now, by the key of the machine, see {@link keyOf}. */
  async views(): Promise<ReadonlyMap<string, QueueView>> {
    const keys = await readdir(this.#folder).catch(() => []);
    const views = await Promise.all(
      keys
        .filter((key) => /^[0-9a-f]{16}$/.test(key))
        .map(async (key) => [key, await this.#queue(key).view()] as const),
    );
    return new Map(views.filter(([, { running, waiting }]) => running.length + waiting.length > 0));
  }

  /** Identifies the machine that a connection leads to, as far as it is known. */
  keyOf({ name, uri }: Pick<Connection, 'name' | 'uri'>): string {
    const machine = this.#options.machineOf?.(name) ?? uri;
    return createHash('sha256').update(machine).digest('hex').slice(0, 16);
  }

  /** How many jobs a node runs at once, over the connection of this name. */
  async slotsOf(connection: string): Promise<number> {
    return (await this.#currentRules()).slotsOf(connection);
  }

  /** To be called when a connection was renamed. Jobs of running builds have its name from before. */
  rename(name: string, now: string): void {
    for (const [before, current] of this.#renamed) {
      if (current === name) {
        this.#renamed.set(before, now);
      }
    }
    this.#renamed.set(name, now);
    this.#renamed.delete(now);
  }

  /** The name that a connection has now. @param name that when a running build began */
  currentName(name: string): string {
    return this.#renamed.get(name) ?? name;
  }

  /** To be called when what decides about jobs has changed. */
  checkNow(): void {
    this.#recent = undefined;
    for (const queue of this.#queues.values()) {
      queue.checkNow();
    }
  }

  /** The same for all queues that ask at about the same time. */
  #currentRules(): Promise<QueueRules> {
    const now = performance.now();
    if (!this.#recent || now - this.#recent.atMs > maxRulesAgeMs) {
      this.#recent = { atMs: now, value: this.#readRules() };
    }
    return this.#recent.value;
  }

  async #readRules(): Promise<QueueRules> {
    const { slotsOf, holds, controls } = this.#options;
    const [held, decisions, slots] = await Promise.all([
      holds?.current(),
      controls?.current() ?? noDecisions,
      slotsOf().catch(() => this.#slotsOf),
    ]);
    this.#slotsOf = slots;
    return {
      decisions,
      holdOf: (node) => held?.get(this.currentName(node)),
      slotsOf: (node) => slots(this.currentName(node)),
    };
  }

  #queueOf(connection: Connection): NodeQueue {
    return this.#queue(this.keyOf(connection));
  }

  #queue(key: string): NodeQueue {
    const queue = this.#queues.get(key) ?? new NodeQueue(join(this.#folder, key), () => this.#currentRules());
    this.#queues.set(key, queue);
    return queue;
  }
}

function noteOf(build: QueuedBuild, { node, platform, estimate }: AssignedJob): JobNote {
  return {
    buildId: build.id,
    reference: build.reference,
    platform: platform as JobNote['platform'],
    node,
    priority: build.priority ?? 'normal',
    sinceMs: build.sinceMs ?? Date.now(),
    ...(estimate === undefined ? {} : { estimateMs: Math.round(estimate.ms) }),
  };
}
