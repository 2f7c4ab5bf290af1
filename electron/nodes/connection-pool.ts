import type { Connection } from '../../shared/connection.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/open-engine.ts';
import type { Transport } from '../engines/transport/transport.ts';

/** An open way to a node and the engine at its end. */
export interface NodeConnection {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly engine: Engine;
}

type Open = (connection: Connection, signal: AbortSignal) => Promise<Transport>;

/** Told of a line that was open and is lost, and why. */
export type LostListener = (connection: Connection, failure: Failure) => void;

/** A line that nobody has used for so long is closed, in milliseconds; whoever wants it next opens it again. */
const defaultIdleMs = 5 * 60_000;

/** How long a node may take to give a sign of life when it is asked for one, in milliseconds. */
const aliveMs = 4_000;

interface Entry {
  readonly uri: string;
  readonly line: Promise<NodeConnection>;
  readonly dropped: AbortController;
  /** When somebody wanted it last. */
  wantedAt: number;
  /** There when it is open. */
  transport?: Transport;
}

/**
 * Keeps one line per connection: opened when first wanted, shared by all who want it, closed when it was idle for long, and opened
 * anew by whoever wants it after that or after it was lost.
 */
export class ConnectionPool {
  readonly #open: Open;
  readonly #idleMs: number;
  readonly #lines = new Map<string, Entry>();
  readonly #listeners: LostListener[] = [];
  #closed = false;

  constructor(open: Open, { idleMs = defaultIdleMs }: { readonly idleMs?: number } = {}) {
    this.#open = open;
    this.#idleMs = idleMs;
  }

  /** Calls the listener with every line that is lost from now on; not with one that could not be opened, or that was closed. */
  onLost(listener: LostListener): void {
    this.#listeners.push(listener);
  }

  /** @throws Failure of the way in: `ssh.*`, `engine.*` */
  line(connection: Connection): Promise<NodeConnection> {
    const kept = this.#lines.get(connection.name);
    if (kept?.uri === connection.uri) {
      kept.wantedAt = performance.now();
      return kept.line;
    }
    if (this.#closed) {
      return Promise.reject(closedLine(connection.name));
    }
    const dropped = new AbortController();
    const line = this.#connect(connection, dropped.signal);
    const entry: Entry = { uri: connection.uri, line, dropped, wantedAt: performance.now() };
    this.#lines.set(connection.name, entry);
    line.then(
      ({ transport }) => this.#watch(entry, connection, transport),
      () => this.#forget(connection.name, entry),
    );
    return line;
  }

  async #connect(connection: Connection, signal: AbortSignal): Promise<NodeConnection> {
    const transport = await this.#open(connection, signal);
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

  /** Sees to it that a line is forgotten and told of when it is lost, and closed when it is idle. */
  #watch(entry: Entry, connection: Connection, transport: Transport): void {
    entry.transport = transport;
    const { lost } = transport;
    const { signal: dropped } = entry.dropped;
    let timer: NodeJS.Timeout | undefined;
    const onLost = (): void => {
      clearTimeout(timer);
      const isCurrent = this.#forget(connection.name, entry);
      // where it is the engine that has ended, there is still a line to it
      void transport.close();
      if (isCurrent && !dropped.aborted && lost.reason instanceof Failure) {
        for (const listener of this.#listeners) {
          listener(connection, lost.reason);
        }
      }
    };
    const look = (): void => {
      const now = performance.now();
      const quietMs = now - Math.max(entry.wantedAt, transport.idleSince() ?? now);
      if (quietMs < this.#idleMs) {
        timer = setTimeout(look, this.#idleMs - quietMs).unref();
        return;
      }
      this.#forget(connection.name, entry);
      lost.removeEventListener('abort', onLost);
      void transport.close();
    };
    dropped.addEventListener('abort', () => clearTimeout(timer), { once: true });
    if (lost.aborted) {
      onLost();
    } else if (!dropped.aborted) {
      lost.addEventListener('abort', onLost, { once: true });
      look();
    }
  }

  /** Was it still the connection's line? */
  #forget(name: string, entry: Entry): boolean {
    return this.#lines.get(name) === entry && this.#lines.delete(name);
  }

  /** Asks every node with an open line for a sign of life; the line of one that gives none in time is lost. */
  async checkAlive(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ transport }) => transport?.checkAlive(aliveMs)));
  }

  /** Closes the line to one connection, where there is one; one that is being opened is given up. */
  async drop(name: string): Promise<void> {
    const kept = this.#lines.get(name);
    this.#lines.delete(name);
    kept?.dropped.abort(closedLine(name));
    await kept?.line.then(({ transport }) => transport.close()).catch(() => undefined);
  }

  /** Closes every line, and opens none any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#lines.keys()].map((name) => this.drop(name)));
  }
}

function closedLine(name: string): Failure {
  return fail('ssh.lost', `Node ${name}: the line was closed.`, 'Connect again.');
}
