/** The engine BuildKit: a daemon of its own, which keeps a build cache but no images. */

import { digestSchema } from '../../../shared/image.ts';
import type { Capabilities } from '../../../shared/node.ts';
import { noImageProblem } from '../api/engine-api.ts';
import type { BuildResult, Engine, EngineBuild, EngineOutput, ImageDelivery } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { buildAndExport, type Exporter } from './build.ts';
import { daemonCache } from './cache-state.ts';
import { BuildKitDaemon } from './daemon.ts';
import { probeDaemon } from './probe.ts';
import { recordStorage } from './stored-records.ts';

const capabilities: Capabilities = { exportFormats: ['oci-archive'] };

/** BuildKit behind a transport. @param version that of the daemon */
export function buildKitEngine(transport: Transport, version: string): Engine {
  const daemon = new BuildKitDaemon(transport);
  return {
    kind: 'buildkit',
    capabilities: () => capabilities,
    probe: async (signal) => ({ ...(await probeDaemon(daemon, version, signal)), capabilities }),
    recall: (facts) => facts.engine === 'buildkit' && facts.version === version,
    builder: {
      build: (build, onOutput, signal) => buildImage(daemon, build, onOutput, signal),
    },
    storage: recordStorage(daemon.records),
    cache: daemonCache(daemon.records),
  };
}

/** See `Builder.build`. The image leaves the node with the build. */
async function buildImage(
  daemon: BuildKitDaemon,
  build: EngineBuild,
  onOutput: (output: EngineOutput) => void,
  signal: AbortSignal,
): Promise<BuildResult> {
  if (!build.delivery) {
    throw new Error('a build with BuildKit needs to know where its image goes');
  }
  const host = {
    api: daemon.api,
    records: daemon.records,
    openStream: (until: AbortSignal) => daemon.api.transport.dial(until),
  };
  const exporter = exporterFor(build.delivery, build);
  let hasArrived = exporter.receive === undefined;
  const observed: Exporter = {
    ...exporter,
    ...(exporter.receive && {
      receive: async (archive) => {
        await exporter.receive?.(archive);
        hasArrived = true;
      },
    }),
  };
  const response = await buildAndExport(host, build, observed, onOutput, signal);
  const { 'containerimage.config.digest': config, 'containerimage.digest': manifest } = response;
  const digest = digestSchema.safeParse(manifest).data;
  const imageId = config ?? manifest;
  if (imageId === undefined || !hasArrived) {
    throw noImageProblem(daemon.api.node, 'buildkit');
  }
  return { imageId, ...(digest === undefined ? {} : { digest }) };
}

/** The exporter `image` sends only the layers that the registry lacks. Its layers stay in the build cache, compressed. */
function exporterFor(
  delivery: ImageDelivery,
  { format, rewriteTimestamp }: Pick<EngineBuild, 'format' | 'rewriteTimestamp'>,
): Exporter {
  const types = {
    'oci-mediatypes': String(format === 'oci'),
    ...(rewriteTimestamp ? { 'rewrite-timestamp': 'true' } : {}),
  };
  if (delivery.kind === 'archive') {
    return { name: 'oci', attrs: types, receive: delivery.receive };
  }
  const { registry, repository, tag, tlsVerify, credentials } = delivery.target;
  return {
    name: 'image',
    attrs: {
      ...types,
      name: `${registry}/${repository}:${tag}`,
      push: 'true',
      // a containerd below BuildKit would keep the image otherwise
      store: 'false',
      ...(tlsVerify ? {} : { 'registry.insecure': 'true' }),
    },
    ...(credentials ? { login: { registry, credentials } } : {}),
  };
}
