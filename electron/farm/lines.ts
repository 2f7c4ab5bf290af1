import type { Connection } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import type { Engine } from '../engine/engine.ts';
import { openEngine } from '../engine/open.ts';
import type { Transport } from '../engine/transport.ts';

/** An open way to a node and the engine at its end. */
export interface Line {
  readonly connection: Connection;
  readonly transport: Transport;
  readonly engine: Engine;
}

type Open = (connection: Connection, signal: AbortSignal) => Promise<Transport>;

/** Keeps one line per connection: opened when first wanted, shared by all who want it, opened anew after it was lost. */
export class Lines {
  readonly #open: Open;
  readonly #lines = new Map<string, { uri: string; line: Promise<Line>; dropped: AbortController }>();

  constructor(open: Open) {
    this.#open = open;
  }

  /** @throws Failure of the way in: `ssh.*`, `engine.*` */
  line(connection: Connection): Promise<Line> {
    const kept = this.#lines.get(connection.name);
    if (kept?.uri === connection.uri) {
      return kept.line;
    }
    const dropped = new AbortController();
    const line = this.#connect(connection, dropped.signal);
    const entry = { uri: connection.uri, line, dropped };
    this.#lines.set(connection.name, entry);
    const forget = (): void => {
      if (this.#lines.get(connection.name) === entry) {
        this.#lines.delete(connection.name);
      }
    };
    line.then(({ transport }) => {
      if (transport.lost.aborted) {
        forget();
      } else {
        transport.lost.addEventListener('abort', forget, { once: true });
      }
    }, forget);
    return line;
  }

  async #connect(connection: Connection, signal: AbortSignal): Promise<Line> {
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

  /** Closes the line to one connection, where there is one; one that is being opened is given up. */
  async drop(name: string): Promise<void> {
    const kept = this.#lines.get(name);
    this.#lines.delete(name);
    kept?.dropped.abort(fail('ssh.lost', `Node ${name}: the line was closed.`, 'Connect again.'));
    await kept?.line.then(({ transport }) => transport.close()).catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lines.keys()].map((name) => this.drop(name)));
  }
}
