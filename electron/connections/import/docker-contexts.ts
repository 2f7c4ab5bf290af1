import { basename, dirname, join } from 'node:path';
import { type ConnectionOptions, usesTls } from '../../../shared/connection.ts';
import type { SystemPaths } from '../../system/system-paths.ts';
import { field, isText, parseJson, quoteForMessage } from './foreign-content.ts';
import { fileState } from './foreign-file.ts';
import { readFolder } from './foreign-folder.ts';
import { type DiscoveredEngine, emptySource, type ImportSource } from './import-source.ts';

/** The folder of docker's configuration. */
export function dockerFolder({ env, home }: Pick<SystemPaths, 'env' | 'home'>): string {
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
  const withTls = await Promise.all(engines.map(addTlsFiles));
  // the order of the folders is that of digests, which means nothing to a person
  const byName = withTls.sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  return { ...rest, engines: byName };
}

/** The TLS files of a context lie in the folder `tls` beside that of all contexts. Source: docker/cli, cli/context/store. */
async function addTlsFiles(engine: DiscoveredEngine): Promise<DiscoveredEngine> {
  const id = dirname(engine.path);
  const folder = join(dirname(dirname(id)), 'tls', basename(id), 'docker');
  return withDockerTls(engine, await tlsFilesIn(folder));
}

/** docker's names for TLS files. */
const tlsFileNames = [
  ['tlsCa', 'ca.pem'],
  ['tlsCert', 'cert.pem'],
  ['tlsKey', 'key.pem'],
] as const;

/** The TLS files that a folder of docker has. */
async function tlsFilesIn(folder: string): Promise<ConnectionOptions> {
  const found = await Promise.all(
    tlsFileNames.map(async ([option, file]) => {
      const path = join(folder, file);
      return (await fileState(path, 'file')) === 'missing' ? [] : [[option, path] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** Only TCP has TLS. docker's ports are the usual ones with and without it. Source: docker/cli, opts/hosts.go. */
function withDockerTls<T extends Pick<DiscoveredEngine, 'uri'>>(
  engine: T,
  tls: ConnectionOptions,
): T & ConnectionOptions {
  if (!/^tcp:/i.test(engine.uri)) {
    return engine;
  }
  const hasPort = /:\d+\/*$/.test(engine.uri);
  const uri = engine.uri.replace(/\/+$/, '') + (hasPort ? '' : usesTls(tls) ? ':2376' : ':2375');
  return { ...engine, ...tls, uri };
}

/**
 * The engine of `DOCKER_HOST`, with the files in `DOCKER_CERT_PATH` or docker's folder if `DOCKER_TLS_VERIFY` or
 * `DOCKER_TLS` is set. Source: docker/cli, cli/flags.
 */
export function dockerHost({
  env,
  home,
}: Pick<SystemPaths, 'env' | 'home'>): Pick<DiscoveredEngine, 'uri'> & ConnectionOptions {
  const engine = { uri: dockerUri(env.DOCKER_HOST ?? '') };
  const folder = env.DOCKER_CERT_PATH || dockerFolder({ env, home });
  const files = tlsFileNames.map(([option, file]) => [option, join(folder, file)] as const);
  return withDockerTls(engine, env.DOCKER_TLS_VERIFY || env.DOCKER_TLS ? Object.fromEntries(files) : {});
}

/** @param text of the meta.json of a context */
export function parseDockerContext(text: string, path: string): ImportSource {
  const json = parseJson(text);
  if ('error' in json) {
    return emptySource('docker', [{ path, message: json.error }]);
  }
  const name = field(json.content, 'Name');
  const endpoint = field(field(json.content, 'Endpoints'), 'docker');
  const host = field(endpoint, 'Host');
  if (!isText(name) || name === '') {
    return emptySource('docker', [{ path, message: 'It is not a docker context: it has no name.' }]);
  }
  if (!isText(host) || host === '') {
    return emptySource('docker', [{ path, message: `Context ${quoteForMessage(name)} has no docker endpoint.` }]);
  }
  return {
    source: 'docker',
    engines: [
      {
        name,
        uri: dockerUri(host),
        path,
        ...(field(endpoint, 'SkipTLSVerify') === true ? { notes: [skipVerifyNote] } : {}),
      },
    ],
    farms: [],
    notes: [],
  };
}

const skipVerifyNote =
  'docker does not verify its certificate (SkipTLSVerify). Barnraiser does: choose the certificate authority that signed it.';

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
