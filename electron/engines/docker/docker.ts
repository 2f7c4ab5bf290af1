/** The engine docker, through its API and BuildKit. */

import type { Capabilities } from '../../../shared/node.ts';
import { EngineApi } from '../api/engine-api.ts';
import type { Engine } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { buildImage } from './build.ts';
import { dockerCache } from './cache-state.ts';
import { measureDiskUsage, pruneStorage, removeImage, removeLeftovers, tagImage, untagImage } from './images.ts';
import { probeNode } from './probe.ts';
import { exportImage, pushImage } from './transfer.ts';

/** The oldest API with BuildKit (docker 18.09), and the newest that this code was written for. */
export const oldestDockerApi = '1.39';
const newestDockerApi = '1.47';

/** The oldest API whose archives are also OCI layouts (docker 25). */
const ociArchiveApi = '1.44';

function dockerCapabilities(apiVersion: string): Capabilities {
  const hasOciArchives = !isOlder(apiVersion, ociArchiveApi);
  return {
    exportFormats: [...(hasOciArchives ? (['oci-archive'] as const) : []), 'docker-archive'],
    limits: [
      { option: 'pull', value: 'never', reason: 'docker with BuildKit looks up every base image in its registry' },
    ],
  };
}

/** docker 18.09 or newer behind a transport. @param apiVersion the version in its response to `_ping` */
export function dockerEngine(transport: Transport, apiVersion: string): Engine {
  const usedVersion = isOlder(apiVersion, newestDockerApi) ? apiVersion : newestDockerApi;
  const docker = new EngineApi(transport, 'docker', `/v${usedVersion}/`);
  const capabilities = dockerCapabilities(apiVersion);
  return {
    kind: 'docker',
    capabilities: () => capabilities,
    probe: async (signal) => ({ ...(await probeNode(docker, apiVersion, signal)), capabilities }),
    builder: {
      build: (build, onOutput, signal) => buildImage(docker, build, onOutput, signal),
    },
    transfer: {
      push: (image, target, _format, signal) => pushImage(docker, image, target, signal),
      export: (image, _format, signal) => exportImage(docker, image, signal),
    },
    retention: {
      tag: (image, name) => tagImage(docker, image, name),
      untag: (_image, name) => untagImage(docker, name),
      remove: (image) => removeImage(docker, image),
      removeLeftovers: (build) => removeLeftovers(docker, build),
      prune: (signal) => pruneStorage(docker, signal),
      diskUsage: () => measureDiskUsage(docker),
    },
    cache: dockerCache(docker),
  };
}

/** Compares API versions such as `1.9` and `1.47` number by number. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}
