import { join } from 'node:path';
import type { SystemPaths } from '../../system/system-paths.ts';
import { field, isText, parseJson, quoteForMessage } from './foreign-content.ts';
import { readFolder } from './foreign-folder.ts';
import { emptySource, type ImportSource } from './import-source.ts';

/** The folder of docker's configuration. */
export function dockerFolder({ env, home }: SystemPaths): string {
  return env.DOCKER_CONFIG || join(home, '.docker');
}

/**
 * The contexts of docker. Each has a folder that is named by the digest of the context's name. Source: docker/cli,
 * cli/context/store.
 */
export async function findDockerContexts(paths: SystemPaths): Promise<ImportSource> {
  const path = join(dockerFolder(paths), 'contexts', 'meta');
  const folder = { source: 'docker', path, file: 'meta.json', noun: 'contexts' } as const;
  const { engines, ...rest } = await readFolder(folder, parseDockerContext);
  // the order of the folders is that of digests, which means nothing to a person
  const byName = [...engines].sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { ...rest, engines: byName };
}

/** @param text of the meta.json of a context */
export function parseDockerContext(text: string, path: string): ImportSource {
  const json = parseJson(text);
  if ('error' in json) {
    return emptySource('docker', [{ path, message: json.error }]);
  }
  const name = field(json.content, 'Name');
  const host = field(field(field(json.content, 'Endpoints'), 'docker'), 'Host');
  if (!isText(name) || name === '') {
    return emptySource('docker', [{ path, message: 'It is not a docker context: it has no name.' }]);
  }
  if (!isText(host) || host === '') {
    return emptySource('docker', [{ path, message: `Context ${quoteForMessage(name)} has no docker endpoint.` }]);
  }
  return { source: 'docker', engines: [{ name, uri: dockerUri(host), path }], farms: [], notes: [] };
}

/**
 * The URI of an engine as docker reads its host: without a scheme it is a TCP address, and `unix://` alone is the default
 * socket. Source: docker/cli, opts/hosts.go.
 */
export function dockerUri(host: string): string {
  const text = host.trim();
  if (text === 'unix://') {
    return `${text}/var/run/docker.sock`;
  }
  return text.includes('://') ? text : `tcp://${text}`;
}
