import type { EngineApi } from '../api/engine-api.ts';
import { noImageProblem } from '../api/engine-api.ts';
import { type BuildKitHost, buildAndExport } from '../buildkit/build.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { dockerCacheRecords } from './build-cache.ts';
import { openBuildKitStream } from './buildkit-stream.ts';

/** Builds with the BuildKit in docker, into docker's own storage. See `Builder.build`. */
export async function buildImage(
  docker: EngineApi,
  build: EngineBuild,
  onOutput: (output: EngineOutput) => void,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const host: BuildKitHost = {
    api: docker,
    records: dockerCacheRecords(docker),
    openStream: (until) => openBuildKitStream(docker, until),
  };
  const exporter = { name: 'moby', attrs: { name: build.tag } };
  const { 'containerimage.digest': imageId } = await buildAndExport(host, build, exporter, onOutput, signal);
  if (imageId === undefined) {
    throw noImageProblem(docker.node, docker.kind);
  }
  return { imageId };
}
