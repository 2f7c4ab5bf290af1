import { userInfo } from 'node:os';
import { type Connection, parseDestination } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import { openLocalTransport } from '../engine/local-transport.ts';
import { openSshTransport } from '../engine/ssh-transport.ts';
import type { Transport } from '../engine/transport.ts';
import type { NewHostKey } from '../ssh/connect.ts';
import type { KnownHosts } from '../ssh/known-hosts.ts';
import { openSession } from '../ssh/session.ts';

export interface OpenOptions {
  readonly knownHosts: KnownHosts;
  /** Asked when no file knows a host's key. Whoever answers yes also saves it, with `rememberHostKey`. */
  readonly decideHostKey: (key: NewHostKey) => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Opens the way to a connection's engine, whichever its URI names. Fails with `connection.uri`, `ssh.*` or `engine.*`. */
export async function openTransport(connection: Connection, options: OpenOptions): Promise<Transport> {
  const { name, uri, identity } = connection;
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    throw fail(
      'connection.uri',
      `Connection ${name}: ${destination}`,
      'Remove it and add it again with a URI that works.',
    );
  }
  if (destination.kind === 'unix') {
    return openLocalTransport({ name, socketPath: destination.socketPath });
  }
  const { host, port, socketPath, user = userInfo().username } = destination;
  const session = await openSession({ name, host, port, user, ...(identity ? { identity } : {}), ...options });
  return openSshTransport(session, {
    ...(socketPath ? { socketPath } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
    ownsSession: true,
  });
}
