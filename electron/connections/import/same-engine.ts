import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { parseDestination } from '../../../shared/connection.ts';
import { isElsewhere } from './read-text.ts';

/**
 * What two URIs have in common that lead to the same engine as the same user; undefined where a URI leads nowhere. The SSH
 * configuration is not asked: two of its names for one host are two ways to go there.
 */
export async function engineKey(uri: string): Promise<string | undefined> {
  const destination = parseDestination(uri);
  if (typeof destination === 'string') {
    return undefined;
  }
  switch (destination.kind) {
    case 'local':
      return 'local';
    case 'unix':
      return JSON.stringify(['unix', await realSocket(destination.socketPath)]);
    case 'ssh': {
      const { user = '', host, port = 22, socketPath = '' } = destination;
      return JSON.stringify(['ssh', user, host.toLowerCase(), port, socketPath && posix.normalize(socketPath)]);
    }
  }
}

/** Names of the connections that lead to an engine, by its key; where several do, that of the first. */
export async function keysOf(
  connections: readonly { readonly name: string; readonly uri: string }[],
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const { name, uri } of connections) {
    const key = await engineKey(uri);
    if (key !== undefined && !names.has(key)) {
      names.set(key, name);
    }
  }
  return names;
}

/** Sockets have several names: /var/run is /run, and Docker Desktop links its own to docker's. */
async function realSocket(path: string): Promise<string> {
  const plain = posix.normalize(path);
  return isElsewhere(path) ? plain : realpath(plain).catch(() => plain);
}
