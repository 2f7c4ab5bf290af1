import type { Connection } from '../../shared/connection.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/open-engine.ts';
import type { Transport } from '../engines/transport/transport.ts';

/** An open connection: its transport and the engine that it reaches. */
export interface NodeConnection {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly engine: Engine;
}

type OpenTransport = (connection: Connection, signal: AbortSignal) => Promise<Transport>;

/** Called when an open connection was lost, with the reason. */
export type LostListener = (connection: Connection, failure: Failure) => void;

/** An unused connection is closed after this time, in milliseconds. */
const defaultIdleMs = 5 * 60_000;

/** How long a node may take to answer a keep-alive request, in milliseconds. */
const keepAliveTimeoutMs = 4_000;

interface Entry {
  readonly uri: string;
  readonly opening: Promise<NodeConnection>;
  readonly dropped: AbortController;
  /** When the connection was last requested, from `performance.now()`. */
  lastUsedMs: number;
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
  readonly #entries = new Map<string, Entry>();
  readonly #listeners: LostListener[] = [];
  #isClosed = false;

  constructor(openTransport: OpenTransport, { idleMs = defaultIdleMs }: { readonly idleMs?: number } = {}) {
    this.#openTransport = openTransport;
    this.#idleMs = idleMs;
  }

  /**
   * Calls the listener for every open connection that is lost, but not for one that could not be opened or was closed.
   */
  onLost(listener: LostListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Resolves with the open connection, and opens it if necessary.
   * @throws Failure `ssh.*`, `engine.*` if it cannot be opened
   */
  connect(connection: Connection): Promise<NodeConnection> {
    const existing = this.#entries.get(connection.name);
    if (existing?.uri === connection.uri) {
      existing.lastUsedMs = performance.now();
      return existing.opening;
    }
    if (this.#isClosed) {
      return Promise.reject(connectionClosed(connection.name));
    }
    const dropped = new AbortController();
    const opening = this.#open(connection, dropped.signal);
    const entry: Entry = { uri: connection.uri, opening, dropped, lastUsedMs: performance.now() };
    this.#entries.set(connection.name, entry);
    opening.then(
      ({ transport }) => this.#watch(entry, connection, transport),
      () => this.#delete(connection.name, entry),
    );
    return opening;
  }

  async #open(connection: Connection, signal: AbortSignal): Promise<NodeConnection> {
    const transport = await this.#openTransport(connection, signal);
    const close = () => void transport.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      signal.throwIfAborted();
      return { connection, transport, engine: await openEngine(transport) };
    } catch (error) {
      await transport.close();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', close);
    }
  }

  /** Removes an open connection from the pool when it is lost or idle, and calls the listeners when it is lost. */
  #watch(entry: Entry, connection: Connection, transport: Transport): void {
    entry.transport = transport;
    const { lost } = transport;
    const { signal: dropped } = entry.dropped;
    let timer: NodeJS.Timeout | undefined;
    const onLost = (): void => {
      clearTimeout(timer);
      const wasInPool = this.#delete(connection.name, entry);
      // if only the engine has ended, the SSH session is still open
      void transport.close();
      if (wasInPool && !dropped.aborted && lost.reason instanceof Failure) {
        for (const listener of this.#listeners) {
          listener(connection, lost.reason);
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
      this.#delete(connection.name, entry);
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
  #delete(name: string, entry: Entry): boolean {
    return this.#entries.get(name) === entry && this.#entries.delete(name);
  }

  /** Sends a keep-alive request over every open connection. A connection without an answer in time is lost. */
  async checkAlive(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ transport }) => transport?.checkAlive(keepAliveTimeoutMs)));
  }

  /** Closes a connection if it is open, and stops opening it if it is being opened. */
  async drop(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    this.#entries.delete(name);
    entry?.dropped.abort(connectionClosed(name));
    await entry?.opening.then(({ transport }) => transport.close()).catch(() => undefined);
  }

  /** Closes every connection. No connection can be opened afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#entries.keys()].map((name) => this.drop(name)));
  }
}

function connectionClosed(name: string): Failure {
  return fail('ssh.lost', `Node ${name}: the connection was closed.`, 'Try again.');
}
