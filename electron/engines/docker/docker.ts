/** The engine docker, through its API and BuildKit. */
import { EngineApi } from '../api/engine-api.ts';
import type { Engine } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { buildImage } from './build.ts';
import { measureDiskUsage, pruneStorage, removeImage, tagImage, untagImage } from './images.ts';
import { probeNode } from './probe.ts';
import { exportImage, pushImage } from './transfer.ts';

/** The oldest API with BuildKit (docker 18.09), and the newest that this code was written for. */
export const oldestDockerApi = '1.39';
const newestDockerApi = '1.47';

/** docker 18.09 or newer behind a transport. @param apiVersion the version in its response to `_ping` */
export function dockerEngine(transport: Transport, apiVersion: string): Engine {
  const usedVersion = isOlder(apiVersion, newestDockerApi) ? apiVersion : newestDockerApi;
  const docker = new EngineApi(transport, 'docker', `/v${usedVersion}/`);
  return {
    kind: 'docker',
    probe: (signal) => probeNode(docker, apiVersion, signal),
    build: (build, onOutput, signal) => buildImage(docker, build, onOutput, signal),
    push: (image, target, signal) => pushImage(docker, image, target, signal),
    export: (image, signal) => exportImage(docker, image, signal),
    tag: (image, name) => tagImage(docker, image, name),
    untag: (_image, name) => untagImage(docker, name),
    remove: (image) => removeImage(docker, image),
    prune: () => pruneStorage(docker),
    diskUsage: () => measureDiskUsage(docker),
  };
}

/** Compares API versions such as `1.9` and `1.47` number by number. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
