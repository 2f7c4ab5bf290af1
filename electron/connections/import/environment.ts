import type { SystemPaths } from '../../system/system-paths.ts';
import { dockerHost } from './docker-contexts.ts';
import type { DiscoveredEngine, ImportSource } from './import-source.ts';

/** The engines that environment variables name for podman, docker and BuildKit. */
export async function findEnvironmentEngines(paths: SystemPaths): Promise<ImportSource> {
  const { env } = paths;
  const { CONTAINER_HOST: podman = '', CONTAINER_SSHKEY: identity = '', BUILDKIT_HOST: buildkit = '' } = env;
  const engines: DiscoveredEngine[] = [
    ...(podman === ''
      ? []
      : [{ name: 'container-host', uri: podman, path: 'CONTAINER_HOST', ...(identity === '' ? {} : { identity }) }]),
    ...(env.DOCKER_HOST?.trim() ? [{ name: 'docker-host', path: 'DOCKER_HOST', ...dockerHost(paths) }] : []),
    ...(buildkit === '' ? [] : [{ name: 'buildkit-host', uri: buildkit, path: 'BUILDKIT_HOST' }]),
  ];
  return { source: 'environment', engines, farms: [], notes: [] };
}
