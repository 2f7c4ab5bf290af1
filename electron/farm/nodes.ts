import type { Connection } from '../../shared/connection.ts';
import type { PruneReport, Selection } from '../../shared/contract.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { ConnectionStore } from '../connection/store.ts';
import type { Events } from '../events.ts';
import type { Lines } from './lines.ts';
import { type Enough, probeAll } from './probe.ts';
import type { FarmStore } from './store.ts';

/** The nodes that a person means, what they are, and what is done on them outside of builds. */
export class Nodes {
  readonly #connections: ConnectionStore;
  readonly #farms: FarmStore;
  readonly #lines: Lines;
  readonly #events: Events;
  readonly #isPersonAsked: () => boolean;
  readonly #statuses = new Map<string, NodeStatus>();
  /** Connections that were forgotten since they were last asked: what a probe finds that was under way then is of no use. */
  readonly #forgotten = new Set<string>();

  /** @param isPersonAsked whether a question about a way in is open just now: then it is a person who takes their time. */
  constructor(
    connections: ConnectionStore,
    farms: FarmStore,
    lines: Lines,
    events: Events,
    isPersonAsked: () => boolean,
  ) {
    this.#connections = connections;
    this.#farms = farms;
    this.#lines = lines;
    this.#events = events;
    this.#isPersonAsked = isPersonAsked;
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
    }
    return probeAll(connections, this.#lines, {
      onStatus: (status) => {
        if (this.#forgotten.has(status.connection)) {
          return;
        }
        this.#statuses.set(status.connection, status);
        this.#events.emit({ event: 'node.changed', status });
      },
      ...(enough && { enough: (answered, missing) => !this.#isPersonAsked() && enough(answered, missing) }),
    });
  }

  /** What the last probes found. */
  known(): NodeStatus[] {
    return [...this.#statuses.values()];
  }

  /** Forgets a connection that is no more or is another now, and closes its line. */
  async forget(name: string): Promise<void> {
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
}

function refuseEmpty(members: readonly unknown[], message: string, command: string): void {
  if (members.length === 0) {
    throw fail('farm.empty', message, `Add one: \`barnraiser ${command}\`.`);
  }
}
