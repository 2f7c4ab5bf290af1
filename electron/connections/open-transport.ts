import { type Connection, type ConnectionOptions, destinationOf, type EngineHost } from '../../shared/connection.ts';
import { openContainerTransport } from '../engines/transport/container-transport.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import { openPodTransport } from '../engines/transport/pod-transport.ts';
import { openSshTransport } from '../engines/transport/ssh-transport.ts';
import { openTcpTransport } from '../engines/transport/tcp-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { systemPaths } from '../system/system-paths.ts';
import { findContainerHost } from './container-host.ts';
import { type NodeSessionOptions, openNodeSession } from './open-session.ts';

/**
 * Opens a transport to the engine of a connection. An SSH host is looked up in the SSH configuration, where the user and port of
 * the connection's URI take precedence.
 * @throws Failure `connection.uri`, `ssh.*`, `tcp.*`, `tls.*`, `container.*`, `pod.*` or `engine.*`
 */
export async function openTransport(connection: Connection, options: NodeSessionOptions): Promise<Transport> {
  const { name } = connection;
  const { signal } = options;
  const destination = destinationOf(connection);
  switch (destination.kind) {
    case 'container': {
      const host = await findContainerHost(name, destination, connection, systemPaths());
      const transport = await openHostTransport(name, host.destination, host.options, options);
      return openContainerTransport({ name, destination, host: transport, signal });
    }
    case 'pod':
      return openPodTransport({ name, destination, signal });
    default:
      return openHostTransport(name, destination, connection, options);
  }
}

/** @param connection the identity and TLS files */
async function openHostTransport(
  name: string,
  destination: EngineHost,
  connection: ConnectionOptions,
  options: NodeSessionOptions,
): Promise<Transport> {
  const { identity } = connection;
  const { signal } = options;
  switch (destination.kind) {
    case 'local':
    case 'unix':
      return openLocalTransport({
        name,
        ...(destination.kind === 'unix' ? { socketPath: destination.socketPath } : {}),
        ...(signal ? { signal } : {}),
      });
    case 'tcp':
      return openTcpTransport({ ...connection, name, destination, signal });
    case 'ssh': {
      const { socketPath } = destination;
      const session = await openNodeSession(name, { ...destination, ...(identity ? { identity } : {}) }, options);
      return openSshTransport(session, {
        ...(socketPath ? { socketPath } : {}),
        ...(signal ? { signal } : {}),
        ownsSession: true,
      });
    }
  }
}
