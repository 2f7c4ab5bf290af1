import type { Connection } from '../../shared/connection.ts';
import { openLocalTransport } from '../engine/local-transport.ts';
import { openSshTransport } from '../engine/ssh-transport.ts';
import type { Transport } from '../engine/transport.ts';
import { destinationOf } from './destination.ts';
import { type LineOptions, openLine } from './line.ts';

/**
 * Opens the way to a connection's engine, whichever its URI names. A host is looked up in the SSH configuration; what the
 * connection says itself wins. Fails with `connection.uri`, `ssh.*` or `engine.*`.
 */
export async function openTransport(connection: Connection, options: LineOptions): Promise<Transport> {
  const { name, identity } = connection;
  const destination = destinationOf(connection);
  if (destination.kind !== 'ssh') {
    return openLocalTransport({
      name,
      ...(destination.kind === 'unix' ? { socketPath: destination.socketPath } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }
  const { socketPath } = destination;
  const session = await openLine(name, { ...destination, ...(identity ? { identity } : {}) }, options);
  return openSshTransport(session, {
    ...(socketPath ? { socketPath } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ownsSession: true,
  });
}
