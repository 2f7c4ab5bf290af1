import { fail } from '../../shared/problem.ts';
import type { Engine } from './engine.ts';
import { podmanEngine } from './podman.ts';
import { PodmanApi } from './podman-api.ts';
import type { EngineResponse, Transport } from './transport.ts';

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
  if (status === 200 && headers['api-version'] !== undefined) {
    throw fail(
      'engine.unsupported',
      `Node ${transport.name} has docker at ${transport.socketPath}, with which Barnraiser cannot build yet.`,
      'Install podman 4.0 or newer on it and enable its socket: `systemctl enable --now podman.socket`.',
    );
  }
  throw fail(
    'engine.answer',
    `Node ${transport.name}: what answers at ${transport.socketPath} is no container engine.`,
    "Put the path of podman's socket into the connection, as in ssh://user@host/run/podman/podman.sock.",
    `GET /_ping: HTTP ${status}`,
  );
}

async function ping(transport: Transport): Promise<EngineResponse> {
  const podman = new PodmanApi(transport);
  try {
    const response = await transport.request({ method: 'GET', path: '/_ping', timeoutMs: patience });
    // read to its end, so that the connection can be used again
    await podman.textOf('answer', response.body);
    return response;
  } catch (error) {
    throw podman.failureOf(error, 'answer');
  }
}
