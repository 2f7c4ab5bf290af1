import { type Connection, destinationOf } from '../../shared/connection.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import { openSshTransport } from '../engines/transport/ssh-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { type NodeSessionOptions, openNodeSession } from './open-session.ts';

/**
 * Opens a transport to the engine of a connection, over SSH or to a local socket. An SSH host is looked up in the SSH
 * configuration, where the user and port of the connection's URI take precedence.
 * @throws Failure `connection.uri`, `ssh.*` or `engine.*`
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
