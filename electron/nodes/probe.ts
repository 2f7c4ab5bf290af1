import { type Connection, jobOptionsOf } from '../../shared/connection.ts';
import type { NodeFacts, NodeStatus } from '../../shared/node.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Transport } from '../engines/transport/transport.ts';
import type { ConnectionPool } from './connection-pool.ts';

/**
 * How long an engine may take to answer, in milliseconds. Longer than a slow SSH handshake, which has its own limit.
 */
const probeTimeoutMs = 30_000;

/**
 * How long a probe still waits for more answers once the quorum is reached, counted from the last answer, in
 * milliseconds.
 */
const stragglerMs = 3_000;

/** Whether the nodes that have answered are sufficient. `missing` has the names of the others. */
export type Quorum = (answered: readonly NodeStatus[], missing: readonly string[]) => boolean;

export interface ProbeOptions {
  /** Called with the status of each node as soon as it is known, even if it answers after the probe has resolved. */
  readonly onStatus: (status: NodeStatus, isRecalled: boolean) => void;
  /** Without it, the probe waits for every node. */
  readonly hasQuorum?: Quorum;
  readonly stragglerMs?: number;
  /** Nodes that answered in the last minute. They are not asked again: that would take time from the work that follows. */
  readonly recent?: readonly NodeStatus[];
  /** What a node said of itself in the last minute, to another process. It is asked only if its engine is another by now. */
  readonly recall?: (connection: Connection) => NodeFacts | undefined;
  /** Cancels the probe. The status of a node that has not answered stays as it was. */
  readonly signal?: AbortSignal;
}

/**
 * Probes all connections in parallel. A node that does not answer is reported as down, with the reason. So is a node
 * that has not answered when the probe stops waiting because it has a quorum. Rejects only with the reason of the signal.
 */
export function probeAll(
  connections: readonly Connection[],
  pool: ConnectionPool,
  { onStatus, hasQuorum, stragglerMs: waitMs = stragglerMs, recent = [], recall, signal }: ProbeOptions,
): Promise<NodeStatus[]> {
  const answered = new Map(recent.map((status) => [status.connection, status]));
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const isSufficient = (): boolean => {
      const missing = connections.map(({ name }) => name).filter((name) => !answered.has(name));
      return missing.length === 0 || (hasQuorum?.([...answered.values()], missing) ?? false);
    };
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(connections.map(({ name }) => answered.get(name) ?? notAnswered(name)));
    };
    const finishIfSufficient = (): void => {
      clearTimeout(timer);
      if (answered.size === connections.length) {
        finish();
      } else if (isSufficient()) {
        timer = setTimeout(() => (isSufficient() ? finish() : finishIfSufficient()), waitMs);
      }
    };
    for (const connection of connections.filter(({ name }) => !answered.has(name))) {
      void probe(connection, pool, { recall, signal }).then((found) => {
        if (!found) {
          return;
        }
        answered.set(connection.name, found.status);
        onStatus(found.status, found.isRecalled);
        finishIfSufficient();
      });
    }
    finishIfSufficient();
  });
}

function notAnswered(connection: string): NodeStatus {
  const { problem } = fail(
    'ssh.timeout',
    `Node ${connection} has not answered yet, and the others are enough.`,
    'Check the connection if it happens again.',
  ).offering({ id: 'check-connection', connection });
  return { state: 'down', connection, problem };
}

/** @returns undefined if the signal has aborted */
async function probe(
  connection: Connection,
  pool: ConnectionPool,
  { recall, signal }: { [N in 'recall' | 'signal']: ProbeOptions[N] | undefined },
): Promise<{ readonly status: NodeStatus; readonly isRecalled: boolean } | undefined> {
  const { name } = connection;
  try {
    const { engine, transport } = await pool.connect(connection, signal);
    const facts = recall?.(connection);
    const isRecalled = facts !== undefined && engine.recall(facts);
    const node = isRecalled ? facts : await withTimeout(name, transport, signal, (either) => engine.probe(either));
    const status = { connection: name, node: { ...node, ...jobOptionsOf(connection), connection: name } };
    return { status: { state: 'up', ...status }, isRecalled };
  } catch (error) {
    if (signal?.aborted) {
      return undefined;
    }
    return { status: { state: 'down', connection: name, problem: problemOf(error) }, isRecalled: false };
  }
}

/**
 * Aborts a request that is not answered in time. Time in which the transport is saturated does not count as silence.
 */
async function withTimeout<T>(
  name: string,
  transport: Transport,
  signal: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const timer = setInterval(() => {
    if (!transport.isSaturated()) {
      timeout.abort(
        fail(
          'engine.unreachable',
          `Node ${name}: its engine did not answer within ${probeTimeoutMs / 1000} seconds.`,
          'Check the load of the machine, or restart its engine.',
        ),
      );
    }
  }, probeTimeoutMs);
  try {
    return await request(signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal);
  } finally {
    clearInterval(timer);
  }
}
