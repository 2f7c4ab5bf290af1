/** Discovery of engines and farms that can be imported, and the file format in which connections are exported. */
import type { CallRequest } from '../../../shared/contract.ts';
import type { Discovery, DiscoverySource } from '../../../shared/discovery.ts';
import { type SystemPaths, systemPaths } from '../../system/system-paths.ts';
import { findBuildxBuilders } from './buildx-builders.ts';
import { findContainersConf } from './containers-conf.ts';
import { findDockerContexts } from './docker-contexts.ts';
import { findEnvironmentEngines } from './environment.ts';
import { readImportFile } from './import-file.ts';
import { emptySource, type ImportSource } from './import-source.ts';
import { findLocalEngines } from './local-engines.ts';
import { readMachineKeys } from './machine-key.ts';
import { type ExistingEntries, mergeSources } from './merge-sources.ts';
import { findPodmanConnections } from './podman-connections.ts';
import { findSshHosts } from './ssh-hosts.ts';

/** The sources in order of precedence: if two describe the same engine, the first one's name is used. */
const finders: readonly (readonly [Exclude<DiscoverySource, 'file'>, (paths: SystemPaths) => Promise<ImportSource>])[] =
  [
    ['local', findLocalEngines],
    ['podman', findPodmanConnections],
    ['containers-conf', findContainersConf],
    ['docker', findDockerContexts],
    ['buildx', findBuildxBuilders],
    ['environment', findEnvironmentEngines],
    ['ssh-config', findSshHosts],
  ];

/**
 * Discovers engines and farms on this computer, or in the given file. Only reads files and environment
 * variables: it contacts nothing and runs nothing. A file of this computer that cannot be read is mentioned in the notes.
 * @throws Failure `connection.file` if the given file is not supported
 */
export async function discover(
  { file, sources }: CallRequest<'connections.discover'>,
  existing: ExistingEntries,
  paths: SystemPaths = systemPaths(),
): Promise<Discovery> {
  if (file) {
    return mergeSources([readImportFile(file)], existing, paths.home, await readMachineKeys(paths));
  }
  const chosen = finders.filter(([source]) => sources?.includes(source) ?? true);
  const results = await Promise.all(chosen.map(([source, find]) => noteFailure(source, find(paths))));
  return mergeSources(results, existing, paths.home, await readMachineKeys(paths));
}

/** Turns an unexpected error in one source into a note, so that the other sources are still offered. */
async function noteFailure(source: DiscoverySource, reading: Promise<ImportSource>): Promise<ImportSource> {
  try {
    return await reading;
  } catch (error) {
    const message = `It could not be searched: ${error instanceof Error ? error.message : String(error)}`;
    return emptySource(source, [{ path: source, message }]);
  }
}
