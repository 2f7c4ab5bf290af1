import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { parseDestination } from '../../../shared/connection.ts';
import { isNetworkPath } from './foreign-file.ts';

/**
 * A key that is equal for URIs that lead to the same engine as the same user; undefined for a URI that is not valid.
 * The SSH configuration is not taken into account: two aliases of one host give two keys.
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
      return JSON.stringify(['unix', await realSocketPath(destination.socketPath)]);
    case 'tcp':
      return JSON.stringify(['tcp', destination.host.toLowerCase(), destination.port]);
    case 'container':
    case 'pod':
      return JSON.stringify(destination);
    case 'ssh': {
      const { user = '', host, port = 22, socketPath = '' } = destination;
      return JSON.stringify(['ssh', user, host.toLowerCase(), port, socketPath && posix.normalize(socketPath)]);
    }
  }
}

/** The names of connections by engine key. If several lead to the same engine, the first one's. */
export async function namesByEngineKey(
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

/** Resolves links: /var/run is a link to /run, and Docker Desktop links /var/run/docker.sock to its own socket. */
async function realSocketPath(path: string): Promise<string> {
  const normalized = posix.normalize(path);
  return isNetworkPath(path) ? normalized : realpath(normalized).catch(() => normalized);
}
