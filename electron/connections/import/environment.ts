import type { SystemPaths } from '../../system/system-paths.ts';
import { dockerUri } from './docker-contexts.ts';
import type { DiscoveredEngine, ImportNote, ImportSource } from './import-source.ts';

/** The engines that environment variables name for podman and docker. */
export async function findEnvironmentEngines({ env }: SystemPaths): Promise<ImportSource> {
  const { CONTAINER_HOST: podman = '', CONTAINER_SSHKEY: identity = '', DOCKER_HOST: docker = '' } = env;
  const engines: DiscoveredEngine[] = [
    ...(podman === ''
      ? []
      : [{ name: 'container-host', uri: podman, path: 'CONTAINER_HOST', ...(identity === '' ? {} : { identity }) }]),
    ...(docker.trim() === '' ? [] : [{ name: 'docker-host', uri: dockerUri(docker), path: 'DOCKER_HOST' }]),
  ];
  const message =
    'It names a BuildKit daemon of its own, which Barnraiser cannot use: it needs the podman or docker of that machine.';
  const notes: ImportNote[] = env.BUILDKIT_HOST ? [{ path: 'BUILDKIT_HOST', message }] : [];
  return { source: 'environment', engines, farms: [], notes };
}
