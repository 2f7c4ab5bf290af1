import type { CallRequest } from '../../../shared/contract.ts';
import type { Discovery, DiscoverySource } from '../../../shared/discovery.ts';
import { type SystemPaths, systemPaths } from '../../system/system-paths.ts';
import { findContainersConf } from './containers-conf.ts';
import { findDockerContexts } from './docker-contexts.ts';
import { readGivenFile } from './file.ts';
import { type Found, nothing } from './found.ts';
import { gather, type Known } from './gather.ts';
import { findLocalEngines } from './local-engines.ts';
import { findPodmanConnections } from './podman-json.ts';
import { findSshHosts } from './ssh-hosts.ts';

/** Where to look. Where two know the same engine, the first names it. */
const finders: readonly (readonly [Exclude<DiscoverySource, 'file'>, (places: SystemPaths) => Promise<Found>])[] = [
  ['local', findLocalEngines],
  ['podman', findPodmanConnections],
  ['containers-conf', findContainersConf],
  ['docker', findDockerContexts],
  ['ssh-config', findSshHosts],
];

/**
 * What this computer knows of engines and farms, or what a given file holds. Only files are read, nothing is contacted or run.
 * A file of this computer that cannot be read is named in the notes: it is somebody else's, and no reason to stop.
 * @throws Failure `connection.file` for a given file that is none of those that can be read
 */
export async function discover(
  { file, sources }: CallRequest<'connections.discover'>,
  known: Known,
  places: SystemPaths = systemPaths(),
): Promise<Discovery> {
  if (file) {
    return gather([readGivenFile(file)], known, places.home);
  }
  const chosen = finders.filter(([source]) => sources?.includes(source) ?? true);
  return gather(await Promise.all(chosen.map(([source, find]) => guarded(source, find(places)))), known, places.home);
}

/** One source that fails in a way that nobody thought of does not take the others with it. */
async function guarded(source: DiscoverySource, finding: Promise<Found>): Promise<Found> {
  try {
    return await finding;
  } catch (error) {
    const message = `It could not be looked through: ${error instanceof Error ? error.message : String(error)}`;
    return nothing(source, [{ path: source, message }]);
  }
}
