import type { Connection } from '../../shared/connection.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import { openSshTransport } from '../engines/transport/ssh-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { destinationOf } from './destination.ts';
import { type NodeSessionOptions, openNodeSession } from './open-session.ts';

/**
 * Opens the way to a connection's engine, whichever its URI names. A host is looked up in the SSH configuration; what the
 * connection says itself wins. Fails with `connection.uri`, `ssh.*` or `engine.*`.
 */
export async function openTransport(connection: Connection, options: NodeSessionOptions): Promise<Transport> {
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
  const session = await openNodeSession(name, { ...destination, ...(identity ? { identity } : {}) }, options);
  return openSshTransport(session, {
    ...(socketPath ? { socketPath } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ownsSession: true,
  });
}
