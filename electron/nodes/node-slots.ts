import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from '../../shared/connection.ts';
import { withFileLock } from '../system/file-lock.ts';
import { NodeQueue, type Slot } from './node-queue.ts';

/** How many jobs each node has, running or waiting, by its connection. */
export type NodeLoad = Readonly<Record<string, number>>;

/**
 * The slots of all nodes: how many jobs each runs at once, over all builds of all processes of a data folder. Connections
 * that lead to the same machine share its slots. A machine that is unknown is identified by the URI of the connection.
 */
export class NodeSlots {
  readonly #folder: string;
  readonly #slotsPerNode: () => Promise<number>;
  readonly #machineOf: (connection: string) => string | undefined;
  readonly #queues = new Map<string, NodeQueue>();

  /**
   * @param slotsPerNode may change and may fail; its last result counts then.
   * @param machineOf identifies the machine that a connection, by its name, leads to. Undefined if it is unknown.
   */
  constructor(
    folder: string,
    slotsPerNode: () => Promise<number>,
    machineOf: (connection: string) => string | undefined = () => undefined,
  ) {
    this.#folder = folder;
    this.#machineOf = machineOf;
    let last = 1;
    this.#slotsPerNode = async () => {
      last = await slotsPerNode().catch(() => last);
      return last;
    };
  }

  /** The load of each node now, from all processes. */
  async load(connections: readonly Connection[]): Promise<NodeLoad> {
    const counts = await Promise.all(
      connections.map(async (connection) => (await this.#queueOf(connection).jobs()).length),
    );
    return Object.fromEntries(connections.map(({ name }, position) => [name, counts[position] ?? 0]));
  }

  /**
   * Assigns jobs to nodes by the load of the nodes, and puts each job in the queue of its node. No other job is assigned
   * meanwhile, in any process, so builds that start at once see each other's load.
   * @param jobsOf the jobs of what `assign` returns. @returns what `assign` returned, and the slots in the order of the
   *   jobs
   * @throws Failure `settings.locked`, `settings.unwritable`, `disk.full`, and any error of `assign`
   */
  reserve<T>(
    connections: readonly Connection[],
    assign: (load: NodeLoad) => T,
    jobsOf: (assigned: T) => readonly { readonly node: string }[],
  ): Promise<{ assigned: T; slots: Slot[] }> {
    return withFileLock(this.#folder, async (assertHeld) => {
      const assigned = assign(await this.load(connections));
      const slots: Slot[] = [];
      try {
        for (const { node } of jobsOf(assigned)) {
          const connection = connections.find(({ name }) => name === node);
          if (!connection) {
            throw new Error(`the schedule names ${node}, which is not a connection of the build`);
          }
          const queue = this.#queueOf(connection);
          assertHeld();
          await queue.removeDead();
          slots.push(await queue.join());
        }
        return { assigned, slots };
      } catch (error) {
        await Promise.all(slots.map((slot) => slot.release()));
        throw error;
      }
    });
  }

  #queueOf({ name, uri }: Connection): NodeQueue {
    const machine = this.#machineOf(name) ?? uri;
    const key = createHash('sha256').update(machine).digest('hex').slice(0, 16);
    const queue = this.#queues.get(key) ?? new NodeQueue(join(this.#folder, key), this.#slotsPerNode);
    this.#queues.set(key, queue);
    return queue;
  }
}
