/** The engine podman, through its libpod API. */

import type { Capabilities } from '../../../shared/node.ts';
import { platformParts } from '../../../shared/platform.ts';
import { EngineApi } from '../api/engine-api.ts';
import type { Engine } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { buildImage } from './build.ts';
import { podmanCache } from './cache-state.ts';
import { removeImage, removeLeftovers, tagImage, untagImage } from './images.ts';
import { probeNode } from './probe.ts';
import { podmanStorage } from './storage.ts';
import { exportImage, loadImage, pushImage } from './transfer.ts';

/** The API version that podman 4.0 to 6.x support. */
const prefix = '/v4.0.0/libpod/';

const capabilities: Capabilities = { exportFormats: ['oci-archive', 'docker-archive'] };

/** podman 4.0 or newer behind a transport. @param apiVersion the version in its response to `_ping` */
export function podmanEngine(transport: Transport, apiVersion: string): Engine {
  const podman = new EngineApi(transport, 'podman', prefix);
  let architecture: string | undefined;
  return {
    kind: 'podman',
    capabilities: () => capabilities,
    probe: async (signal) => {
      const node = await probeNode(podman, apiVersion, signal);
      architecture = platformParts(node.platform).architecture;
      return { ...node, capabilities };
    },
    recall: (facts) => {
      const isSame = facts.engine === 'podman' && facts.apiVersion === apiVersion;
      architecture = isSame ? platformParts(facts.platform).architecture : architecture;
      return isSame;
    },
    builder: {
      build: (build, onOutput, signal) =>
        buildImage(podman, { version: apiVersion, architecture }, build, onOutput, signal),
    },
    transfer: {
      push: (image, target, format, signal) => pushImage(podman, image, target, format, signal),
      export: (image, format, signal) => exportImage(podman, image, format, signal),
    },
    loading: { archive: 'oci-archive', load: (archive, signal) => loadImage(podman, archive, signal) },
    retention: {
      tag: (image, name) => tagImage(podman, image, name),
      untag: (image, name) => untagImage(podman, image, name),
      remove: (image) => removeImage(podman, image),
      removeLeftovers: (build) => removeLeftovers(podman, build),
    },
    storage: podmanStorage(podman),
    cache: podmanCache(podman),
  };
}
