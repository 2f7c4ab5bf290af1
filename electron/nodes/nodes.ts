/** Nodes: open connections, what their engines can build, and reconnecting those that are down. */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Connection, jobOptionsOf } from '../../shared/connection.ts';
import type { NodeSelection } from '../../shared/farm.ts';
import { factsOf, type NodeFacts, type NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { ConnectionStore } from '../connections/store.ts';
import type { Events } from '../events.ts';
import type { FarmStore } from '../farms/store.ts';
import { abortable } from '../system/abortable.ts';
import { type AnsweredNodes, isWithin, type Probed, recentMs } from './answered-nodes.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { probeAll, type Quorum } from './probe.ts';
import { Reconnector } from './reconnector.ts';
import { NodeIdentities } from './same-machine.ts';
import { setAsideNodes, type Unavailable } from './unavailable.ts';

/**
 * How long someone waits for a forgotten connection to be closed, in milliseconds. It is open until jobs are stopped on
 * its node, which takes a second or two, and longer on an emulated node.
 */
const closeTimeoutMs = 10_000;

/**
 * After so many milliseconds, nodes are asked again whose answer was taken over. A build has begun on them by then, and a short command
 * has ended.
 */
const renewalMs = 2_000;

/** An answer that is not older is taken over again before the node is asked, in milliseconds. */
const freshMs = 10_000;

/** So long it takes to find out how a node is reached and to send it the first messages, in milliseconds. */
const firstMessagesMs = 15;

export interface ProbeConnectionsOptions {
  /** Ends the probe a few seconds after it returns true. Later answers are only emitted as events. */
  readonly hasQuorum?: Quorum;
  /** Does not wait for nodes that answered in the last minute. They are asked again when the work that follows has begun. */
  readonly acceptsRecent?: boolean;
  readonly signal?: AbortSignal;
}

export interface NodesOptions {
  readonly answered: AnsweredNodes;
  readonly breaker: CircuitBreaker;
  /**
   * Whether a question about a sign-in is open. Probes then wait for all nodes, because the user may still answer it.
   */
  readonly isQuestionOpen: () => boolean;
  /**
   * Whether this process runs on: it reconnects nodes that are down in the background. One that ends soon takes over what nodes
   * said a moment ago to another such process.
   */
  readonly staysRunning: boolean;
}

/** Connections that are left out of a selection. */
interface Exclusion {
  readonly exclude?: readonly string[] | undefined;
}

/** Selects and probes nodes, remembers their status, and reconnects those that are down. */
export class Nodes {
  readonly #connections: ConnectionStore;
  readonly #farms: FarmStore;
  readonly #pool: ConnectionPool;
  readonly #events: Events;
  readonly #isQuestionOpen: () => boolean;
  readonly #reconnector: Reconnector | undefined;
  readonly #statuses = new Map<string, NodeStatus>();
  readonly #identities = new NodeIdentities();
  readonly #answered: AnsweredNodes;
  readonly #breaker: CircuitBreaker;
  readonly #staysRunning: boolean;
  /** What each node has said last, to this process or to another one whose answer was taken over. */
  readonly #probed = new Map<string, Probed>();
  /** Connections whose status was taken over since their node was asked last. */
  readonly #takenOver = new Set<string>();
  #renewal: NodeJS.Timeout | undefined;
  /**
   * Connections that were forgotten since their last probe. Results of probes that were already running are ignored.
   */
  readonly #forgotten = new Set<string>();
  #isClosed = false;

  constructor(
    connections: ConnectionStore,
    farms: FarmStore,
    pool: ConnectionPool,
    events: Events,
    { answered, breaker, isQuestionOpen, staysRunning }: NodesOptions,
  ) {
    this.#connections = connections;
    this.#farms = farms;
    this.#pool = pool;
    this.#events = events;
    this.#answered = answered;
    this.#breaker = breaker;
    this.#staysRunning = staysRunning;
    breaker.onChange(() => this.#updateRelatives());
    this.#isQuestionOpen = isQuestionOpen;
    this.#reconnector = staysRunning ? new Reconnector((name) => void this.#reconnect(name)) : undefined;
    pool.onLost(({ name }, { problem }) => this.#setStatus({ state: 'down', connection: name, problem }));
  }

  /**
   * The selected connections: by name, of a farm, or without a selection of the default farm, or all if there is none.
   * @param exclude connections that are not among them
   * @throws Failure `connection.unknown`, `farm.unknown`, `farm.empty`, `input.invalid`, `settings.*`
   */
  async select({ exclude = [], ...selection }: NodeSelection & Exclusion): Promise<readonly Connection[]> {
    const selected = await this.#selectAll(selection);
    if (exclude.length === 0) {
      return selected;
    }
    // a name that does not exist would exclude nothing
    await this.#connections.getAll(exclude);
    const left = selected.filter(({ name }) => !exclude.includes(name));
    if (left.length === 0) {
      throw fail('input.invalid', 'All nodes of the build are excluded.', 'Exclude fewer nodes, or choose other ones.');
    }
    return left;
  }

  /** Which node of the selected farm builds a platform, as the farm says. @throws Failure `farm.unknown`, `settings.*` */
  async pinsOf({ farm: farmName, connections }: NodeSelection): Promise<Readonly<Record<Platform, string>>> {
    if (connections) {
      return {};
    }
    return (farmName === undefined ? await this.#farms.default() : await this.#farms.get(farmName))?.pins ?? {};
  }

  async #selectAll({ farm: farmName, connections: names }: NodeSelection): Promise<readonly Connection[]> {
    if (farmName !== undefined && names !== undefined) {
      throw fail('input.invalid', 'Both a farm and nodes are selected.', 'Select either a farm or nodes.');
    }
    if (names) {
      return this.#connections.getAll([...new Set(names)]);
    }
    const farm = farmName === undefined ? await this.#farms.default() : await this.#farms.get(farmName);
    if (farm) {
      assertNotEmpty(farm.connections, `Farm ${farm.name} has no connections.`, `farm update ${farm.name} --add NAME`);
      return this.#connections.getAll(farm.connections);
    }
    const all = await this.#connections.list();
    assertNotEmpty(all, 'There are no connections yet.', 'connection add NAME ssh://user@host');
    return all;
  }

  /** The name of the default farm, if there is one. @throws Failure `settings.*` */
  async defaultFarm(): Promise<string | undefined> {
    return (await this.#farms.default())?.name;
  }

  /**
   * Probes the selected nodes in parallel. A node that does not answer is reported as down.
   * @throws Failure as {@link select}
   */
  async probe(selection: NodeSelection, signal?: AbortSignal): Promise<NodeStatus[]> {
    return this.probeConnections(await this.select(selection), { ...(signal && { signal }) });
  }

  /**
   * Begins to connect to those of the selected nodes that have answered before, so that a probe that follows waits less. Never
   * rejects: the probe has the problems.
   */
  async connect(selection: NodeSelection): Promise<void> {
    await this.#connect(selection, ({ name }) => !this.#answered.neverAnswered(name));
  }

  /**
   * As {@link connect}, before it is certain that these nodes are needed: only to those that a good build has used in the last minute.
   * Resolves when the first messages have left, so that the answers are on their way while this thread is busy.
   */
  async connectRecent(selection: NodeSelection): Promise<void> {
    const opening = await this.#connect(selection, ({ uri }) => this.#answered.recall(uri) !== undefined);
    if (opening.length > 0) {
      await Promise.race([Promise.all(opening), delay(firstMessagesMs)]);
    }
  }

  async #connect(selection: NodeSelection, isWanted: (connection: Connection) => boolean): Promise<Promise<unknown>[]> {
    const [connections] = await Promise.all([this.select(selection).catch(() => []), this.#answered.load()]);
    return connections.flatMap((connection) => {
      this.#answered.note(connection);
      return isWanted(connection) ? [this.#pool.connect(connection).catch(() => undefined)] : [];
    });
  }

  /**
   * Probes connections in parallel. A node that does not answer is reported as down. Rejects only with the reason of the
   * signal.
   */
  async probeConnections(
    connections: readonly Connection[],
    { hasQuorum, acceptsRecent = false, signal }: ProbeConnectionsOptions = {},
  ): Promise<NodeStatus[]> {
    const recent = acceptsRecent ? connections.flatMap((connection) => this.#recentStatus(connection) ?? []) : [];
    for (const { connection } of recent) {
      this.#takenOver.add(connection);
    }
    for (const connection of connections) {
      const { name } = connection;
      this.#answered.note(connection);
      this.#forgotten.delete(name);
      this.#reconnector?.cancel(name);
    }
    await Promise.all([this.#answered.load(), this.#breaker.refresh()]);
    const statuses = await probeAll(connections, this.#pool, {
      onStatus: (status, isRecalled) => {
        if (isRecalled) {
          this.#takenOver.add(status.connection);
        } else {
          this.#noteAnswer(status);
        }
        this.#setStatus(status);
      },
      recent,
      ...(acceptsRecent && !this.#staysRunning && { recall: (connection) => this.#recall(connection) }),
      ...(signal && { signal }),
      ...(hasQuorum && { hasQuorum: (answered, missing) => !this.#isQuestionOpen() && hasQuorum(answered, missing) }),
    });
    this.#renewLater();
    return statuses.map((status) => this.#complete(status));
  }

  /**
   * Probes connections again if the status of any was taken over, because it does not suffice. Rejects as
   * {@link probeConnections} does.
   * @returns undefined if all nodes have just been asked
   */
  async renew(
    connections: readonly Connection[],
    options: Omit<ProbeConnectionsOptions, 'acceptsRecent'>,
  ): Promise<NodeStatus[] | undefined> {
    return connections.some(({ name }) => this.#takenOver.has(name))
      ? this.probeConnections(connections, options)
      : undefined;
  }

  /** What the node of a connection has said to another process in the last minute. */
  #recall({ name, uri }: Connection): NodeFacts | undefined {
    const probed = this.#answered.recall(uri);
    if (probed) {
      this.#probed.set(name, probed);
    }
    return probed?.facts;
  }

  /** Asks nodes again whose answer was taken over, beside the work that could not wait for them. */
  #renewLater(): void {
    if (this.#takenOver.size > 0 && !this.#isClosed) {
      this.#renewal ??= setTimeout(() => {
        this.#renewal = undefined;
        void this.#renewAll();
      }, renewalMs).unref();
    }
  }

  /** What does not answer stays as it was: whatever needs the node finds out. */
  async #renewAll(): Promise<void> {
    const connections = await this.#connections.list().catch(() => []);
    const isOld = ({ name }: Connection): boolean =>
      this.#takenOver.has(name) && !isWithin(freshMs, this.#probed.get(name));
    const old = connections.filter((connection) => isOld(connection) && this.#pool.isOpen(connection));
    await probeAll(old, this.#pool, {
      onStatus: (status) => {
        if (status.state === 'up') {
          this.#noteAnswer(status);
          this.#setStatus(status);
        }
      },
    });
  }

  /** Notes that a node was asked, and what it has said. */
  #noteAnswer(status: NodeStatus): void {
    const { connection } = status;
    this.#takenOver.delete(connection);
    if (status.state === 'up') {
      this.#probed.set(connection, { facts: factsOf(status.node), atMs: Date.now() });
    }
  }

  /**
   * Keeps what nodes have said of themselves for the next process. To be called when a build there is done: after one that
   * fails, a person may fix the node.
   */
  async keepProbes(connections: readonly Connection[]): Promise<void> {
    if (!this.#staysRunning) {
      const probed = connections.flatMap(({ name, uri }) => {
        const last = this.#probed.get(name);
        return last ? [{ ...last, uri }] : [];
      });
      await this.#answered.keep(probed);
    }
  }

  /** What a node answered in the last minute over a connection that is still open. */
  #recentStatus(connection: Connection): NodeStatus | undefined {
    const status = this.#statuses.get(connection.name);
    const isRecent = isWithin(recentMs, this.#probed.get(connection.name)) && this.#pool.isOpen(connection);
    return isRecent && status?.state === 'up' ? status : undefined;
  }

  /** The machine that a connection led to when its node last answered. Undefined if it is unknown. */
  machineOf(connection: string): string | undefined {
    return this.#identities.machineOf(connection);
  }

  /** The results of the last probes. */
  statuses(): NodeStatus[] {
    return [...this.#statuses.values()];
  }

  /** The nodes that should get no jobs now, as far as a probe has read that. */
  unavailable(connections: readonly Connection[]): Unavailable {
    return setAsideNodes(connections, this.#breaker);
  }

  /** Forgets the failures of a node that was set aside, because a person wants it to be used. @throws Failure `connection.unknown` */
  async readmit(name: string): Promise<void> {
    await this.#breaker.reset(await this.#connections.get(name));
  }

  /** Records a status that was determined outside of a probe, for example by a connection check. */
  recordStatus(status: NodeStatus, connection: Connection): void {
    this.#forgotten.delete(status.connection);
    this.#answered.note(connection);
    this.#setStatus(status);
  }

  /** To be called after this computer woke up: closes connections that are lost and reconnects nodes that are down. */
  async wake(): Promise<void> {
    this.#reconnector?.retryNow();
    await this.#pool.checkAlive();
  }

  /** Stops reconnecting. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#renewal);
    this.#reconnector?.close();
    await this.#answered.close();
  }

  /** All connections as they are now. @throws Failure `settings.*` */
  connections(): Promise<readonly Connection[]> {
    return this.#connections.list();
  }

  /** Keeps the status and the open connection of a connection that was renamed. */
  rename(name: string, connection: Connection): void {
    this.#pool.rename(name, connection);
    const status = this.#statuses.get(name);
    this.#forgetStatus(name);
    if (status?.state === 'up') {
      const node = { ...status.node, connection: connection.name };
      this.recordStatus({ ...status, connection: connection.name, node }, connection);
    } else if (status) {
      this.recordStatus({ state: 'down', connection: connection.name, problem: status.problem }, connection);
    }
  }

  /** Takes over which jobs connections allow and prefer, without a new probe. */
  updatePreferences(connections: readonly Connection[]): void {
    for (const connection of connections) {
      const status = this.#statuses.get(connection.name);
      if (status?.state !== 'up') {
        continue;
      }
      const { allowedPlatforms, preferences, ...node } = status.node;
      const now = jobOptionsOf(connection);
      if (!isDeepStrictEqual(now, jobOptionsOf({ platforms: allowedPlatforms, ...preferences }))) {
        this.recordStatus({ ...status, node: { ...node, ...now } }, connection);
      }
    }
  }

  /**
   * Forgets the status of a connection that was changed or removed, and closes its open connection.
   * @param unused resolves when nothing that is running needs the open connection any more.
   */
  async forget(name: string, unused?: Promise<void>): Promise<void> {
    this.#forgetStatus(name);
    this.#updateRelatives();
    await this.#pool.drop(name, unused);
  }

  #forgetStatus(name: string): void {
    this.#reconnector?.cancel(name);
    this.#statuses.delete(name);
    this.#takenOver.delete(name);
    this.#probed.delete(name);
    this.#identities.delete(name);
    this.#answered.forget(name);
    this.#forgotten.add(name);
  }

  /** Resolves when a connection that was forgotten is closed, or after {@link closeTimeoutMs}. */
  async closed(name: string): Promise<void> {
    await abortable(AbortSignal.timeout(closeTimeoutMs), this.#pool.closed(name)).catch(() => undefined);
  }

  /** Stores and emits the status of a node. If it is down, plans to reconnect it, unless `canReconnect` is false. */
  #setStatus(status: NodeStatus, canReconnect = true): void {
    const { connection: name } = status;
    if (this.#forgotten.has(name) || this.#isClosed) {
      return;
    }
    if (status.state === 'down' && canReconnect) {
      this.#reconnector?.nodeDown(name, status.problem);
    } else {
      this.#reconnector?.cancel(name);
    }
    if (status.state === 'up') {
      this.#identities.set(name, status.node);
      const uri = this.#answered.uriOf(name);
      if (uri !== undefined) {
        void this.#breaker.answered({ uri });
      }
      this.#answered.add(name, () => this.#connections.list());
    }
    this.#storeStatus(this.#complete(status));
    this.#updateRelatives();
  }

  #storeStatus(status: NodeStatus): void {
    this.#statuses.set(status.connection, status);
    this.#events.emit({ event: 'node.changed', status });
  }

  /** Emits the statuses of nodes that have got or lost another connection to their machine, or were set aside or used again. */
  #updateRelatives(): void {
    for (const status of this.#statuses.values()) {
      const completed = this.#complete(status);
      if (status.state === 'up' && !isDeepStrictEqual(status, completed)) {
        this.#storeStatus(completed);
      }
    }
  }

  /** Adds what a probe of a single node does not know. */
  #complete(status: NodeStatus): NodeStatus {
    if (status.state === 'up') {
      const { connection, node } = status;
      const uri = this.#answered.uriOf(connection);
      const setAside = uri === undefined ? undefined : this.#breaker.stateOf({ uri });
      return {
        state: 'up',
        connection,
        node,
        ...this.#identities.relativesOf(connection),
        ...(setAside ? { setAside } : {}),
      };
    }
    const { connection, problem } = status;
    const retry = this.#reconnector?.nextRetry(connection);
    const neverReached = this.#answered.neverAnswered(connection);
    return {
      state: 'down',
      connection,
      problem,
      ...(neverReached ? { neverReached } : {}),
      ...(retry ? { retry } : {}),
    };
  }

  /** Tries to reconnect a node. If that asks the user a question and fails, no further attempt is made. */
  async #reconnect(name: string): Promise<void> {
    let hasAsked = false;
    const unsubscribe = this.#events.subscribe((event) => {
      if (event.event === 'question.asked') {
        hasAsked ||= event.question.connection === name;
      }
    });
    try {
      const connection = await this.#connections.get(name);
      if (this.#forgotten.has(name) || this.#isClosed) {
        return;
      }
      await probeAll([connection], this.#pool, { onStatus: (status) => this.#setStatus(status, !hasAsked) });
    } catch (error) {
      // another program removed the connection, or its file is unreadable
      if (error instanceof Failure) {
        this.#setStatus({ state: 'down', connection: name, problem: error.problem });
      }
    } finally {
      unsubscribe();
    }
  }
}

function assertNotEmpty(members: readonly unknown[], message: string, command: string): void {
  if (members.length === 0) {
    throw fail('farm.empty', message, `Add one: \`barnraiser ${command}\`.`);
  }
}
