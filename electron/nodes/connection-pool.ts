import type { Connection } from '../../shared/connection.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/open-engine.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { abortable } from '../system/abortable.ts';
import { noteNeededConnection } from '../system/needed-connections.ts';

/** An open connection: its transport and the engine that it reaches. */
export interface NodeConnection {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly engine: Engine;
}

type OpenTransport = (connection: Connection, signal: AbortSignal) => Promise<Transport>;

export interface ConnectionPoolOptions {
  /** An unused connection is closed after this time, in milliseconds. */
  readonly idleMs?: number;
  /** Whether a probe of the node would be superfluous now. Without it: never. */
  readonly isKnown?: (connection: Connection) => boolean;
}

/** Called when an open connection was lost, with the reason. */
export type LostListener = (connection: Connection, failure: Failure) => void;

const defaultIdleMs = 5 * 60_000;

/**
 * How long opening a connection goes on after the last caller has stopped waiting, in milliseconds. A request that replaces a
 * cancelled one within that time does not start again, and questions that are open stay open.
 */
const abandonedMs = 1_000;

/** How long a node may take to answer a keep-alive request, in milliseconds. */
const keepAliveTimeoutMs = 4_000;

interface Entry {
  /** It may be renamed while it is open. */
  connection: Connection;
  readonly opening: Promise<NodeConnection>;
  readonly dropped: AbortController;
  /** When the connection was last requested, from `performance.now()`. */
  lastUsedMs: number;
  /** How many requests wait for the connection to open. */
  waiting: number;
  /** Set once the connection is open. */
  transport?: Transport;
}

/**
 * Holds one open connection per name. A connection is opened on first use, shared by all users, closed when it is idle,
 * and opened again on the next use after that or after it was lost.
 */
export class ConnectionPool {
  readonly #openTransport: OpenTransport;
  readonly #idleMs: number;
  readonly #isKnown: (connection: Connection) => boolean;
  readonly #entries = new Map<string, Entry>();
  /** Connections that were dropped and are not closed yet. */
  readonly #closing = new Set<{ readonly name: string; readonly closed: Promise<void> }>();
  readonly #listeners: LostListener[] = [];
  #isClosed = false;

  constructor(
    openTransport: OpenTransport,
    { idleMs = defaultIdleMs, isKnown = () => false }: ConnectionPoolOptions = {},
  ) {
    this.#openTransport = openTransport;
    this.#idleMs = idleMs;
    this.#isKnown = isKnown;
  }

  /**
   * Calls the listener for every open connection that is lost, but not for one that could not be opened or was closed.
   */
  onLost(listener: LostListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Resolves with the open connection, and opens it if necessary.
   * @param signal ends the wait. Opening is cancelled when no caller waits for it any more.
   * @throws Failure `ssh.*`, `engine.*` if it cannot be opened, and the reason of the signal
   */
  async connect(connection: Connection, signal?: AbortSignal): Promise<NodeConnection> {
    noteNeededConnection(connection.name);
    const entry = this.#entry(connection);
    entry.waiting += 1;
    try {
      return await (signal ? abortable(signal, entry.opening) : entry.opening);
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0 && !entry.transport) {
        this.#abandonLater(entry);
      }
    }
  }

  /** Whether the connection is open. */
  isOpen({ name, uri }: Connection): boolean {
    const entry = this.#entries.get(name);
    return entry?.transport !== undefined && entry.connection.uri === uri;
  }

  /** The open connections, now. What is done over them without {@link connect} does not keep them from being closed when idle. */
  async openConnections(): Promise<NodeConnection[]> {
    const open = [...this.#entries.values()].filter(({ transport }) => transport !== undefined);
    return Promise.all(open.map(async ({ connection, opening }) => ({ ...(await opening), connection })));
  }

  #abandonLater(entry: Entry): void {
    setTimeout(() => {
      const { name } = entry.connection;
      if (entry.waiting === 0 && !entry.transport && this.#entries.get(name) === entry) {
        void this.drop(name);
      }
    }, abandonedMs).unref();
  }

  #entry(connection: Connection): Entry {
    const existing = this.#entries.get(connection.name);
    if (existing?.connection.uri === connection.uri) {
      existing.lastUsedMs = performance.now();
      return existing;
    }
    if (this.#isClosed) {
      throw connectionClosed(connection.name);
    }
    const dropped = new AbortController();
    const opening = this.#open(connection, dropped.signal);
    const entry: Entry = { connection, opening, dropped, lastUsedMs: performance.now(), waiting: 0 };
    this.#entries.set(connection.name, entry);
    opening.then(
      ({ transport }) => this.#watch(entry, transport),
      () => this.#delete(entry),
    );
    return entry;
  }

  async #open(connection: Connection, signal: AbortSignal): Promise<NodeConnection> {
    const transport = await this.#openTransport(connection, signal);
    const close = () => void transport.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      signal.throwIfAborted();
      return { connection, transport, engine: await openEngine(transport, this.#isKnown(connection)) };
    } catch (error) {
      await transport.close();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  /** Removes an open connection from the pool when it is lost or idle, and calls the listeners when it is lost. */
  #watch(entry: Entry, transport: Transport): void {
    entry.transport = transport;
    const { lost } = transport;
    const { signal: dropped } = entry.dropped;
    let timer: NodeJS.Timeout | undefined;
    const onLost = (): void => {
      clearTimeout(timer);
      const wasInPool = this.#delete(entry);
      // if only the engine has ended, the SSH session is still open
      void transport.close();
      if (wasInPool && !dropped.aborted && lost.reason instanceof Failure) {
        for (const listener of this.#listeners) {
          listener(entry.connection, lost.reason);
        }
      }
    };
    const closeIfIdle = (): void => {
      const now = performance.now();
      const idleMs = now - Math.max(entry.lastUsedMs, transport.idleSince() ?? now);
      if (idleMs < this.#idleMs) {
        timer = setTimeout(closeIfIdle, this.#idleMs - idleMs).unref();
        return;
      }
      this.#delete(entry);
      lost.removeEventListener('abort', onLost);
      void transport.close();
    };
    dropped.addEventListener('abort', () => clearTimeout(timer), { once: true });
    if (lost.aborted) {
      onLost();
    } else if (!dropped.aborted) {
      lost.addEventListener('abort', onLost, { once: true });
      closeIfIdle();
    }
  }

  /** Removes an entry. Returns false if the pool no longer had it. */
  #delete(entry: Entry): boolean {
    const { name } = entry.connection;
    return this.#entries.get(name) === entry && this.#entries.delete(name);
  }

  /** Sends a keep-alive request over every open connection. A connection without an answer in time is lost. */
  async checkAlive(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ transport }) => transport?.checkAlive(keepAliveTimeoutMs)));
  }

  /** Gives a connection that leads to the same engine as before its new name. If it is open, it stays open. */
  rename(name: string, connection: Connection): void {
    const entry = this.#entries.get(name);
    if (entry) {
      void this.drop(connection.name);
      this.#entries.delete(name);
      this.#entries.set(connection.name, entry);
      entry.connection = connection;
    }
  }

  /**
   * Stops opening a connection if it is being opened, and closes it if it is open. The next request opens another one.
   * @param unused if given, an open connection is closed only when this resolves: its users still need it.
   */
  async drop(name: string, unused?: Promise<void>): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry) {
      this.#entries.delete(name);
      const closing = { name, closed: this.#close(name, entry, unused) };
      this.#closing.add(closing);
      await closing.closed;
      this.#closing.delete(closing);
    }
  }

  async #close(name: string, { transport, dropped, opening }: Entry, unused?: Promise<void>): Promise<void> {
    if (transport && unused) {
      await unused;
    }
    dropped.abort(connectionClosed(name));
    await opening.then((connection) => connection.transport.close()).catch(() => undefined);
  }

  /** Resolves when no connection that was dropped under this name is open any more. */
  async closed(name: string): Promise<void> {
    await Promise.all([...this.#closing].map((closing) => (closing.name === name ? closing.closed : undefined)));
  }

  /** Closes every connection. No connection can be opened afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const name of [...this.#entries.keys()]) {
      void this.drop(name);
    }
    await Promise.all([...this.#closing].map(({ closed }) => closed));
  }
}

function connectionClosed(name: string): Failure {
  return fail('ssh.lost', `Node ${name}: the connection was closed.`, 'Try again.');
}
