import { Failure, fail } from '../../shared/problem.ts';
import type { Engine } from '../engines/engine.ts';
import { openEngine } from '../engines/open-engine.ts';
import { localSockets } from '../engines/transport/local-sockets.ts';
import { openLocalTransport } from '../engines/transport/local-transport.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { type SystemPaths, systemPaths } from '../system/system-paths.ts';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly transport: Transport;
}

type LocalEngine = 'docker' | 'podman';

/** The variables that say to docker and podman where their engine is. */
const variables: Readonly<Record<LocalEngine, string>> = { docker: 'DOCKER_HOST', podman: 'CONTAINER_HOST' };
const names: Readonly<Record<LocalEngine, string>> = { docker: 'Docker', podman: 'podman' };

/**
 * Opens an engine of this computer. The caller closes its transport.
 * @param kinds those that may be used, in the order in which they are tried
 * @throws Failure `engine.*` of the first kind that is there and does not answer, `engine.no-socket` if none is there
 */
export async function openLocalEngine(
  kinds: readonly LocalEngine[],
  signal: AbortSignal,
  paths: SystemPaths = systemPaths(),
): Promise<OpenedEngine> {
  let failure: unknown;
  for (const kind of kinds) {
    for (const socketPath of await socketsOf(kind, paths)) {
      try {
        return await openAs(kind, await openLocalTransport({ name: 'this computer', socketPath, signal }, paths));
      } catch (error) {
        signal.throwIfAborted();
        // that of a socket which is there says more than that of one which is not
        const isMissing = error instanceof Failure && error.problem.code === 'engine.no-socket';
        failure ??= isMissing ? undefined : error;
      }
    }
    if (kind === 'podman' && paths.env[variables.podman] === undefined) {
      // starts podman where only its command is there
      const transport = await openLocalTransport({ name: 'this computer', signal }, paths).catch(() => undefined);
      if (transport?.isStarted) {
        return openAs('podman', transport);
      }
      await transport?.close();
    }
  }
  throw failure ?? missingFailure(kinds);
}

async function socketsOf(kind: LocalEngine, paths: SystemPaths): Promise<string[]> {
  const given = paths.env[variables[kind]];
  if (given) {
    const [, path] = /^(?:unix|npipe):\/\/(.+)$/.exec(given) ?? [];
    if (path === undefined) {
      throw fail(
        'engine.unsupported',
        `${variables[kind]} names an engine of another computer.`,
        'Add a connection to it, and use node:CONNECTION.',
      );
    }
    return [path];
  }
  return (await localSockets(paths)).filter(({ engine }) => engine === kind).map(({ path }) => path);
}

/** @throws Failure if another engine answers, such as podman at docker's socket */
async function openAs(kind: LocalEngine, transport: Transport): Promise<OpenedEngine> {
  try {
    const engine = await openEngine(transport);
    if (engine.kind === 'buildkit' || (kind === 'podman' && engine.kind !== 'podman')) {
      throw fail(
        'engine.unsupported',
        `The engine at ${transport.socketPath} is not ${names[kind]}.`,
        `Start ${names[kind]} on this computer, or choose another engine.`,
      );
    }
    return { engine, transport };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

function missingFailure(kinds: readonly LocalEngine[]): Failure {
  const wanted = kinds.map((kind) => names[kind]).join(' nor ');
  return fail(
    'engine.no-socket',
    kinds.length > 1 ? `Neither ${wanted} runs on this computer.` : `${wanted} does not run on this computer.`,
    `Start it, set ${kinds.map((kind) => variables[kind]).join(' or ')}, or load the image into a node: node:CONNECTION.`,
  );
}
