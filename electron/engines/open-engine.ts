import { Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { EngineApi } from './api/engine-api.ts';
import type { Engine } from './engine.ts';
import { podmanEngine } from './podman/podman.ts';
import { beginPrintingPlatforms } from './processor.ts';
import { engineOfSocket } from './transport/engine-socket.ts';
import type { EngineResponse, Transport } from './transport/transport.ts';

/** Milliseconds for the first answer of an engine. It includes the time in which podman's socket activation starts podman. */
const pingTimeoutMs = 30_000;

/**
 * Returns the engine behind a transport's socket, recognised by its response to `GET /_ping`, or as BuildKit, which does not
 * speak HTTP/1.
 * @param isKnown no probe follows, because what it would find is known
 * @throws Failure `engine.unsupported` for an engine that Barnraiser cannot build with, `engine.answer` if the service at the
 *   socket is not an engine, `engine.unreachable` if nothing answers
 */
export async function openEngine(transport: Transport, isKnown = false): Promise<Engine> {
  if (!isKnown) {
    beginPrintingPlatforms(transport);
  }
  const isNamedBuildKit = transport.onlyGrpc === true || engineOfSocket(transport.socketPath) === 'buildkit';
  const named = isNamedBuildKit ? await findBuildKit(transport) : undefined;
  if (named) {
    return named;
  }
  let response: EngineResponse;
  try {
    response = await ping(transport);
  } catch (error) {
    const found = isNamedBuildKit || !isUnreadable(error) ? undefined : await findBuildKit(transport);
    if (!found) {
      throw error;
    }
    return found;
  }
  const { headers, status } = response;
  const version = versionIn(headers['libpod-api-version']);
  if (version !== undefined) {
    if (Number.parseInt(version, 10) < 4) {
      throw fail(
        'engine.unsupported',
        `Node ${transport.name} runs podman ${version}, which is too old.`,
        'Update podman on the node to 4.0 or newer.',
      );
    }
    return podmanEngine(transport, version);
  }
  const dockerVersion = versionIn(headers['api-version']);
  if (status === 200 && dockerVersion !== undefined) {
    // HTTP/2 and what else only docker needs takes as long to load as podman to answer
    const docker = await import('./docker/docker.ts');
    if (docker.isOlder(dockerVersion, docker.oldestDockerApi)) {
      throw tooOldProblem(transport, dockerVersion);
    }
    assertLinuxContainers(transport, headers.ostype);
    return docker.dockerEngine(transport, {
      apiVersion: dockerVersion,
      builderVersion: versionIn(headers['builder-version']),
      isExperimental: headers['docker-experimental'] === 'true',
    });
  }
  throw fail(
    'engine.answer',
    `Node ${transport.name}: the service at ${transport.socketPath} is not a container engine.`,
    "Set the path of the engine's socket in the connection, for example ssh://user@host/run/podman/podman.sock or ssh://user@host/var/run/docker.sock.",
    `GET /_ping: HTTP ${status}`,
  );
}

/** The BuildKit daemon behind a socket. Undefined if it is something else. */
async function findBuildKit(transport: Transport): Promise<Engine | undefined> {
  const { identifyBuildKit } = await import('./buildkit/daemon.ts');
  const version = await identifyBuildKit(transport);
  return version === undefined
    ? undefined
    : (await import('./buildkit/buildkit.ts')).buildKitEngine(transport, version);
}

/** Whether the service has sent something else than HTTP/1, or closed the connection. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Failure && error.problem.code === 'engine.unreachable' && error.cause !== undefined;
}

function versionIn(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? sanitizeLine(header, 64) : undefined;
}

async function ping(transport: Transport): Promise<EngineResponse> {
  const api = new EngineApi(transport, engineOfSocket(transport.socketPath), '');
  try {
    const response = await transport.request({ method: 'GET', path: '/_ping', timeoutMs: pingTimeoutMs });
    // The body is read to its end so that the connection can be reused.
    await api.readText('respond', response.body);
    return response;
  } catch (error) {
    throw api.toFailure(error, 'respond');
  }
}

function tooOldProblem({ name }: Transport, apiVersion: string): Failure {
  return fail(
    'engine.unsupported',
    `Node ${name} runs docker with API ${apiVersion}, which is too old.`,
    'Update docker on the node to 17.06 or newer, best to 23 or newer.',
  );
}

/** @throws Failure `engine.unsupported` */
function assertLinuxContainers({ name }: Transport, os: unknown): void {
  if (os === 'windows') {
    throw fail(
      'engine.unsupported',
      `Node ${name} runs docker in Windows containers mode, which Barnraiser does not support.`,
      'Switch docker on the node to Linux containers.',
    );
  }
}
