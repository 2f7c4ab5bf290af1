import { fail } from '../../shared/problem.ts';
import { dockerEngine, isOlder, oldestDockerApi } from './docker/docker.ts';
import type { Engine } from './engine.ts';
import { EngineApi } from './engine-api.ts';
import { podmanEngine } from './podman/podman.ts';
import type { EngineResponse, Transport } from './transport/transport.ts';

/** Milliseconds that an engine may take to say that it is there; podman's socket starts it first. */
const patience = 30_000;

/**
 * The engine behind a transport's socket, recognised by how it answers `GET /_ping`. Fails with `engine.unsupported` for one
 * that Barnraiser cannot build with, and with `engine.answer` where no engine answers.
 */
export async function openEngine(transport: Transport): Promise<Engine> {
  const { headers, status } = await ping(transport);
  const version = headers['libpod-api-version'];
  if (typeof version === 'string') {
    if (Number.parseInt(version, 10) < 4) {
      throw fail(
        'engine.unsupported',
        `Node ${transport.name} has podman ${version}, which is too old to build with.`,
        'Update podman on it to 4.0 or newer.',
      );
    }
    return podmanEngine(transport, version);
  }
  const dockerVersion = headers['api-version'];
  if (status === 200 && typeof dockerVersion === 'string') {
    refuseDocker(transport, dockerVersion, headers.ostype);
    return dockerEngine(transport, dockerVersion);
  }
  throw fail(
    'engine.answer',
    `Node ${transport.name}: what answers at ${transport.socketPath} is no container engine.`,
    "Put the path of the engine's socket into the connection, as in ssh://user@host/run/podman/podman.sock or ssh://user@host/var/run/docker.sock.",
    `GET /_ping: HTTP ${status}`,
  );
}

async function ping(transport: Transport): Promise<EngineResponse> {
  const api = new EngineApi(transport, /docker/.test(transport.socketPath) ? 'docker' : 'podman', '');
  try {
    const response = await transport.request({ method: 'GET', path: '/_ping', timeoutMs: patience });
    // read to its end, so that the connection can be used again
    await api.textOf('answer', response.body);
    return response;
  } catch (error) {
    throw api.failureOf(error, 'answer');
  }
}

/** @throws Failure `engine.unsupported` for a docker that has no BuildKit or builds images for Windows */
function refuseDocker({ name }: Transport, apiVersion: string, os: unknown): void {
  if (isOlder(apiVersion, oldestDockerApi)) {
    throw fail(
      'engine.unsupported',
      `Node ${name} has docker with API ${apiVersion}, which is too old to build with.`,
      'Update docker on it to 18.09 or newer.',
    );
  }
  if (os === 'windows') {
    throw fail(
      'engine.unsupported',
      `Node ${name} has docker in its mode for Windows containers, with which Barnraiser cannot build.`,
      'Switch docker on it to Linux containers.',
    );
  }
}
