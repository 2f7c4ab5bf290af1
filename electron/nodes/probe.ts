import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Transport } from '../engines/transport/transport.ts';
import type { ConnectionPool } from './connection-pool.ts';

/** A node that has said nothing for so long is down, in milliseconds. Longer than a slow SSH handshake, which has its own limit. */
const probeTimeoutMs = 30_000;

/** How long those get that have not answered when the others are enough, after the last answer, in milliseconds. */
const stragglerMs = 3_000;

/** Will these do, or is it worth to wait for those that have not answered? `missing` holds their names. */
export type Enough = (answered: readonly NodeStatus[], missing: readonly string[]) => boolean;

export interface ProbeOptions {
  /** Told what each node is, as soon as it is known: also of one that was not waited for. */
  readonly onStatus: (status: NodeStatus) => void;
  /** Without it, every node is waited for. */
  readonly enough?: Enough;
  readonly stragglerMs?: number;
}

/**
 * Asks all connections at the same time what they are. One that does not answer is reported as down, with the reason, and so is
 * one that was not waited for. Never rejects.
 */
export function probeAll(
  connections: readonly Connection[],
  lines: ConnectionPool,
  { onStatus, enough, stragglerMs: patience = stragglerMs }: ProbeOptions,
): Promise<NodeStatus[]> {
  const answered = new Map<string, NodeStatus>();
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const isEnough = (): boolean => {
      const missing = connections.map(({ name }) => name).filter((name) => !answered.has(name));
      return missing.length === 0 || (enough?.([...answered.values()], missing) ?? false);
    };
    const finish = (): void => {
      clearTimeout(timer);
      resolve(connections.map(({ name }) => answered.get(name) ?? notYet(name)));
    };
    const look = (): void => {
      clearTimeout(timer);
      if (answered.size === connections.length) {
        finish();
      } else if (isEnough()) {
        timer = setTimeout(() => (isEnough() ? finish() : look()), patience);
      }
    };
    for (const connection of connections) {
      void probe(connection, lines).then((status) => {
        answered.set(connection.name, status);
        onStatus(status);
        look();
      });
    }
    look();
  });
}

function notYet(connection: string): NodeStatus {
  const { problem } = fail(
    'ssh.timeout',
    `Node ${connection} has not answered yet.`,
    `See what is wrong with it with \`barnraiser connection test ${connection}\`.`,
  );
  return { state: 'down', connection, problem };
}

async function probe(connection: Connection, lines: ConnectionPool): Promise<NodeStatus> {
  try {
    const { engine, transport } = await lines.line(connection);
    const node = await unlessSilent(connection.name, transport, (signal) => engine.probe(signal));
    return { state: 'up', connection: connection.name, node: { ...node, connection: connection.name } };
  } catch (error) {
    return { state: 'down', connection: connection.name, problem: problemOf(error) };
  }
}

/** Asks an engine and gives it up when it says nothing for too long; that the question waits behind a build is no silence. */
async function unlessSilent<T>(
  name: string,
  transport: Transport,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const silent = new AbortController();
  const timer = setInterval(() => {
    if (!transport.isSaturated()) {
      silent.abort(
        fail(
          'engine.unreachable',
          `Node ${name}: its engine did not answer in ${probeTimeoutMs / 1000} seconds.`,
          'Look at the load of the machine, or restart its engine.',
        ),
      );
    }
  }, probeTimeoutMs);
  try {
    return await ask(silent.signal);
  } finally {
    clearInterval(timer);
  }
}
