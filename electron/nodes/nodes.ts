import type { Connection } from '../../shared/connection.ts';
import type { PruneReport, Selection } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { Failure, fail, problemOf } from '../../shared/problem.ts';
import type { ConnectionStore } from '../connections/store.ts';
import type { Events } from '../events.ts';
import type { FarmStore } from '../farms/store.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { type Enough, probeAll } from './probe.ts';
import { Reconnector } from './reconnector.ts';

export interface NodesOptions {
  /** Whether a question about a way in is open just now: then it is a person who takes their time. */
  readonly isPersonAsked: () => boolean;
  /** Whether nodes that are down are tried again in the background: where a window shows how they are. */
  readonly keepsTrying: boolean;
}

/** The nodes that a person means, what they are, and what is done on them outside of builds. */
export class Nodes {
  readonly #connections: ConnectionStore;
  readonly #farms: FarmStore;
  readonly #lines: ConnectionPool;
  readonly #events: Events;
  readonly #isPersonAsked: () => boolean;
  readonly #keeper: Reconnector | undefined;
  readonly #statuses = new Map<string, NodeStatus>();
  /** Connections that were forgotten since they were last asked: what a probe finds that was under way then is of no use. */
  readonly #forgotten = new Set<string>();
  #closed = false;

  constructor(
    connections: ConnectionStore,
    farms: FarmStore,
    lines: ConnectionPool,
    events: Events,
    options: NodesOptions,
  ) {
    this.#connections = connections;
    this.#farms = farms;
    this.#lines = lines;
    this.#events = events;
    this.#isPersonAsked = options.isPersonAsked;
    this.#keeper = options.keepsTrying ? new Reconnector((name) => void this.#tryAgain(name)) : undefined;
    lines.onLost(({ name }, { problem }) => this.#tell({ state: 'down', connection: name, problem }));
  }

  /**
   * The connections that are meant: those named, those of the farm, of the default farm, or all.
   * @throws Failure `connection.unknown`, `farm.unknown`, `farm.empty`, `input.invalid`, `settings.*`
   */
  async select({ farm, connections: names }: Selection): Promise<readonly Connection[]> {
    if (farm !== undefined && names !== undefined) {
      throw fail('input.invalid', 'Both a farm and nodes are named.', 'Name a farm, or nodes, not both.');
    }
    if (names) {
      return this.#connections.getAll([...new Set(names)]);
    }
    const chosen = farm === undefined ? await this.#farms.default() : await this.#farms.get(farm);
    if (chosen) {
      refuseEmpty(
        chosen.connections,
        `Farm ${chosen.name} has no connections.`,
        `farm update ${chosen.name} --add NAME`,
      );
      return this.#connections.getAll(chosen.connections);
    }
    const all = await this.#connections.list();
    refuseEmpty(all, 'There are no connections yet.', 'connection add NAME ssh://user@host');
    return all;
  }

  /** The name of the farm that is meant when none is named, where there is one. @throws Failure `settings.*` */
  async defaultFarm(): Promise<string | undefined> {
    return (await this.#farms.default())?.name;
  }

  /**
   * Asks them all at the same time; one that does not answer is reported as down.
   * @param enough says when those that have answered will do: the others get a few seconds more, and are told of when they answer.
   * @throws Failure as {@link select}
   */
  async probe(selection: Selection, enough?: Enough): Promise<NodeStatus[]> {
    const connections = await this.select(selection);
    for (const { name } of connections) {
      this.#forgotten.delete(name);
      this.#keeper?.settle(name);
    }
    const statuses = await probeAll(connections, this.#lines, {
      onStatus: (status) => this.#tell(status),
      ...(enough && { enough: (answered, missing) => !this.#isPersonAsked() && enough(answered, missing) }),
    });
    return statuses.map((status) => this.#withRetry(status));
  }

  /** What the last probes found. */
  known(): NodeStatus[] {
    return [...this.#statuses.values()];
  }

  /** Takes in what somebody else has found a node to be by a line of their own. */
  learn(status: NodeStatus): void {
    this.#forgotten.delete(status.connection);
    this.#tell(status);
  }

  /** This computer has slept, most likely: lines that are dead are given up, and what waits to be tried again is tried at once. */
  async wake(): Promise<void> {
    this.#keeper?.wake();
    await this.#lines.checkAlive();
  }

  /** Tries nothing again any more. */
  close(): void {
    this.#closed = true;
    this.#keeper?.close();
  }

  /** Forgets a connection that is no more or is another now, and closes its line. */
  async forget(name: string): Promise<void> {
    this.#keeper?.settle(name);
    this.#statuses.delete(name);
    this.#forgotten.add(name);
    await this.#lines.drop(name);
  }

  /** Frees what dangling images take, on each node on its own. @throws Failure as {@link select} */
  async prune(selection: Selection): Promise<PruneReport[]> {
    const connections = await this.select(selection);
    return Promise.all(
      connections.map(async (connection) => {
        try {
          const { engine } = await this.#lines.line(connection);
          return { node: connection.name, reclaimedBytes: await engine.prune() };
        } catch (error) {
          return { node: connection.name, reclaimedBytes: 0, problem: problemOf(error) };
        }
      }),
    );
  }

  /** Keeps and tells what a node is, and arranges that one that is down is tried again, where that may help. */
  #tell(status: NodeStatus, mayTryAgain = true): void {
    const { connection: name } = status;
    if (this.#forgotten.has(name) || this.#closed) {
      return;
    }
    if (status.state === 'down' && mayTryAgain) {
      this.#keeper?.plan(name, status.problem);
    } else {
      this.#keeper?.settle(name);
    }
    const told = this.#withRetry(status);
    this.#statuses.set(name, told);
    this.#events.emit({ event: 'node.changed', status: told });
  }

  #withRetry(status: NodeStatus): NodeStatus {
    if (status.state === 'up') {
      return status;
    }
    const retry = this.#keeper?.retry(status.connection);
    return retry ? { ...status, retry } : status;
  }

  /** Nobody has asked for this: where it needs a person's answer and gets none, it is not tried again. */
  async #tryAgain(name: string): Promise<void> {
    let asked = false;
    const unsubscribe = this.#events.subscribe((event) => {
      if (event.event === 'question.asked') {
        // a jump host's is called "NAME: jump host HOP"
        asked ||= event.question.connection === name || event.question.connection.startsWith(`${name}: `);
      }
    });
    try {
      const connection = await this.#connections.get(name);
      if (this.#forgotten.has(name) || this.#closed) {
        return;
      }
      await probeAll([connection], this.#lines, { onStatus: (status) => this.#tell(status, !asked) });
    } catch (error) {
      // removed by another program, or its file cannot be read just now
      if (error instanceof Failure) {
        this.#tell({ state: 'down', connection: name, problem: error.problem });
      }
    } finally {
      unsubscribe();
    }
  }
}

function refuseEmpty(members: readonly unknown[], message: string, command: string): void {
  if (members.length === 0) {
    throw fail('farm.empty', message, `Add one: \`barnraiser ${command}\`.`);
  }
}
