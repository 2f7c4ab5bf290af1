import type { Engine } from '../engine.ts';
import { EngineApi } from '../engine-api.ts';
import type { Transport } from '../transport/transport.ts';
import { buildOnDocker } from './build.ts';
import { dockerUsage, pruneDocker, removeDockerImage, tagDockerImage, untagDockerImage } from './images.ts';
import { probeDocker } from './probe.ts';
import { exportDockerImage, pushDockerImage } from './transfer.ts';

/** The oldest API with BuildKit (docker 18.09), and the newest that this was written for. */
export const oldestDockerApi = '1.39';
const newestDockerApi = '1.47';

/** docker 18.09 or newer behind a transport. `apiVersion` is what its `_ping` says. */
export function dockerEngine(transport: Transport, apiVersion: string): Engine {
  const spoken = isOlder(apiVersion, newestDockerApi) ? apiVersion : newestDockerApi;
  const docker = new EngineApi(transport, 'docker', `/v${spoken}/`);
  return {
    kind: 'docker',
    probe: (signal) => probeDocker(docker, apiVersion, signal),
    build: (build, onOutput, signal) => buildOnDocker(docker, build, onOutput, signal),
    push: (image, target, signal) => pushDockerImage(docker, image, target, signal),
    export: (image, signal) => exportDockerImage(docker, image, signal),
    tag: (image, name) => tagDockerImage(docker, image, name),
    untag: (_image, name) => untagDockerImage(docker, name),
    remove: (image) => removeDockerImage(docker, image),
    prune: () => pruneDocker(docker),
    diskUsage: () => dockerUsage(docker),
  };
}

/** Compares versions of the API, `1.9` and `1.47`, number by number. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
