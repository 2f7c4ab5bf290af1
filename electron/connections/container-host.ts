import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConnectionOptions,
  type ContainerDestination,
  type EngineHost,
  optionsOf,
  parseDestination,
} from '../../shared/connection.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { dockerSocket } from '../engines/transport/engine-socket.ts';
import { localSockets } from '../engines/transport/local-sockets.ts';
import type { SystemPaths } from '../system/system-paths.ts';
import { dockerFolder, dockerHost, findDockerContexts } from './import/docker-contexts.ts';
import { field, isText, parseJson } from './import/foreign-content.ts';
import { readText } from './import/foreign-file.ts';
import type { DiscoveredEngine } from './import/import-source.ts';

/** Where the engine of a container is, and the TLS files that docker uses for it. */
export interface ContainerHost {
  readonly destination: EngineHost;
  readonly options: ConnectionOptions;
}

/**
 * Finds the engine that runs a container: the host of the URI, its docker context, or else what the docker command would use:
 * `DOCKER_HOST`, the context in use, or the socket of this computer. Source: docker/cli, cli/command, resolveContextName().
 * @throws Failure `container.context`
 */
export async function findContainerHost(
  name: string,
  { engine, context, host }: ContainerDestination,
  options: ConnectionOptions,
  paths: SystemPaths,
): Promise<ContainerHost> {
  if (host) {
    return { destination: host, options };
  }
  const { env } = paths;
  if (engine === 'podman') {
    return { destination: { kind: 'local' }, options };
  }
  if (context === undefined && env.DOCKER_HOST?.trim()) {
    return toHost(name, 'DOCKER_HOST', dockerHost(paths), options);
  }
  const chosen = context ?? (env.DOCKER_CONTEXT || (await contextInUse(paths)));
  if (chosen === undefined || chosen === 'default') {
    return { destination: { kind: 'unix', socketPath: await findDockerSocket(paths) }, options };
  }
  const { engines } = await findDockerContexts(paths);
  const found = engines.find((each) => each.name === chosen);
  if (!found) {
    const names = engines.map((each) => each.name);
    throw fail(
      'container.context',
      `Connection ${name}: docker has no context "${chosen}" on this computer.`,
      names.length === 0 ? 'Name its docker in the URI: ?host=ssh://user@host.' : `There are ${names.join(', ')}.`,
    );
  }
  return toHost(name, `docker context "${chosen}"`, found, options);
}

/** The context that `docker context use` has chosen. */
async function contextInUse(paths: SystemPaths): Promise<string | undefined> {
  const file = await readText(join(dockerFolder(paths), 'config.json'));
  const json = 'text' in file ? parseJson(file.text) : { error: '' };
  const current = 'content' in json ? field(json.content, 'currentContext') : undefined;
  return isText(current) && current !== '' ? current : undefined;
}

async function findDockerSocket(paths: SystemPaths): Promise<string> {
  const sockets = (await localSockets(paths)).filter(({ engine }) => engine === 'docker');
  for (const { path } of sockets) {
    // a look at a named pipe of Windows would already connect to it
    if (paths.platform === 'win32' || (await stat(path).catch(() => undefined))?.isSocket()) {
      return path;
    }
  }
  return sockets[0]?.path ?? dockerSocket;
}

function toHost(
  name: string,
  source: string,
  engine: Pick<DiscoveredEngine, 'uri'> & ConnectionOptions,
  options: ConnectionOptions,
): ContainerHost {
  const destination = parseDestination(engine.uri);
  if (typeof destination === 'string') {
    throw unusable(name, source, destination);
  }
  if (destination.kind === 'container' || destination.kind === 'pod') {
    throw unusable(name, source, 'It names a container or a pod.');
  }
  const { allowUnencrypted } = options;
  return { destination, options: { ...optionsOf(engine), ...(allowUnencrypted ? { allowUnencrypted } : {}) } };
}

function unusable(name: string, source: string, reason: string): Failure {
  return fail(
    'container.context',
    `Connection ${name}: the docker of ${source} cannot be used.`,
    'Name its docker in the URI: ?host=ssh://user@host.',
    reason,
  );
}
