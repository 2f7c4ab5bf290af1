import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { fail, problemOf } from '../../shared/problem.ts';
import type { Lines } from './lines.ts';

/** A node that has said nothing for so long is down, in milliseconds. Longer than a slow SSH handshake, which has its own limit. */
const probeTimeoutMs = 30_000;

/** Asks all connections at the same time what they are. One that does not answer is reported as down, with the reason. */
export function probeAll(
  connections: readonly Connection[],
  lines: Lines,
  onStatus: (status: NodeStatus) => void,
): Promise<NodeStatus[]> {
  return Promise.all(
    connections.map(async (connection) => {
      const status = await probe(connection, lines);
      onStatus(status);
      return status;
    }),
  );
}

async function probe(connection: Connection, lines: Lines): Promise<NodeStatus> {
  try {
    const { engine } = await lines.line(connection);
    const node = await engine.probe(AbortSignal.timeout(probeTimeoutMs));
    return { state: 'up', connection: connection.name, node: { ...node, connection: connection.name } };
  } catch (error) {
    const problem =
      error instanceof Error && error.name === 'TimeoutError'
        ? fail(
            'engine.unreachable',
            `Node ${connection.name}: its engine did not answer in ${probeTimeoutMs / 1000} seconds.`,
            'Look at the load of the machine, or restart its engine.',
          ).problem
        : problemOf(error);
    return { state: 'down', connection: connection.name, problem };
  }
}
