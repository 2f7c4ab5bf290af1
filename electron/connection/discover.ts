import { access, readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { nameSchema, uriSchema } from '../../shared/connection.ts';
import type { Candidate } from '../../shared/contract.ts';
import { listHosts } from '../ssh/ssh-config/hosts.ts';

type Found = Omit<Candidate, 'connection'>;

/**
 * What this computer knows of engines: its own sockets, podman's connections and hosts of ~/.ssh/config. Only files are
 * read, nothing is contacted or run. A file that cannot be read gives nothing: it is somebody else's.
 */
export async function discover(env: NodeJS.ProcessEnv = process.env): Promise<Found[]> {
  const found = await Promise.all([localSockets(env), podmanConnections(env), sshHosts()]);
  const names = new Set<string>();
  return found.flat().filter(({ name, uri }) => {
    const isNew = nameSchema.safeParse(name).success && uriSchema.safeParse(uri).success && !names.has(name);
    names.add(name);
    return isNew;
  });
}

async function localSockets(env: NodeJS.ProcessEnv): Promise<Found[]> {
  const runtime = env.XDG_RUNTIME_DIR ?? `/run/user/${userInfo().uid}`;
  const sockets = [
    { name: 'this-computer', path: join(runtime, 'podman', 'podman.sock') },
    { name: 'this-computer-root', path: '/run/podman/podman.sock' },
  ];
  const there = await Promise.all(
    sockets.map(({ path }) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return sockets
    .filter((_, index) => there[index])
    .map(({ name, path }) => ({ source: 'local', name, uri: `unix://${path}` }));
}

/** The file of podman 5 and newer. Source: containers/common, pkg/config/connections.go. */
const podmanSchema = z.object({
  Connection: z.object({
    Connections: z.record(z.string(), z.object({ URI: z.string(), Identity: z.string().optional() })),
  }),
});

async function podmanConnections(env: NodeJS.ProcessEnv): Promise<Found[]> {
  const path =
    env.PODMAN_CONNECTIONS_CONF ??
    join(env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'containers', 'podman-connections.json');
  try {
    const { Connection } = podmanSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return Object.entries(Connection.Connections).map(([name, { URI, Identity }]) => ({
      source: 'podman',
      name,
      uri: URI,
      ...(Identity ? { identity: Identity } : {}),
    }));
  } catch {
    return [];
  }
}

/**
 * Hosts of the SSH configuration, by the names under which it has them, so that it stays the truth about them: a pattern names
 * none, and a host without a HostName is only a set of options.
 */
async function sshHosts(): Promise<Found[]> {
  try {
    return (await listHosts()).map((host) => ({ source: 'ssh-config', name: host, uri: `ssh://${host}` }));
  } catch {
    return [];
  }
}
