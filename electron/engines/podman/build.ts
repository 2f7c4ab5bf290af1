import { z } from 'zod';
import type { PullPolicy } from '../../../shared/build.ts';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import { cancelledProblem, type EngineApi, noImageProblem } from '../api/engine-api.ts';
import { jsonLines } from '../api/json-lines.ts';
import { sendBuild } from '../api/send-build.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { PodmanBuildOutput, podmanMessageSchema } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';
import { type BuildMark, listBuildContainers, nextMark, stopBuild } from './stop-build.ts';

/** buildah's names of pull policies. buildah silently treats an unknown name as `missing`. */
const pullPolicies: Readonly<Record<PullPolicy, string>> = {
  missing: 'missing',
  always: 'always',
  never: 'never',
  newer: 'ifnewer',
};

const imageSchema = z.object({ Os: z.string(), Architecture: z.string() });

type OnOutput = (output: EngineOutput) => void;

/**
 * Builds on podman. See `Builder.build`.
 *
 * podman's cache ignores the platform: if a stage `FROM scratch` was built for one platform, the cache returns that image for
 * every other platform, too, with the first platform in its configuration (4.3.1 and 5.4.2). The content is right, because it
 * was made of the same files and arguments. In this case the image is built once more without the cache, and the context is
 * opened once more.
 */
export async function buildImage(
  podman: EngineApi,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const first = await buildOnce(podman, build, onOutput, signal);
  if (!first.isFromCache || (await hasPlatform(podman, first.imageId, build, signal))) {
    return { imageId: first.imageId };
  }
  onOutput({
    kind: 'log',
    stream: 'engine',
    time: Date.now(),
    text: `The cache on ${podman.node} has this image for another platform only. Building again without the cache.`,
  });
  const onSecondOutput: OnOutput = (output) => {
    if (output.kind !== 'context-read') {
      onOutput(output);
    }
  };
  const { imageId } = await buildOnce(podman, { ...build, noCache: true }, onSecondOutput, signal);
  return { imageId };
}

/** Does the configuration of an image name the platform of the build? */
async function hasPlatform(podman: EngineApi, imageId: string, { platform }: EngineBuild, signal: AbortSignal) {
  const image = await podman.requestJson('inspect the image', imageSchema, {
    method: 'GET',
    path: `images/${imageId}/json`,
    signal,
  });
  const { os, architecture } = platformParts(platform);
  const built = platformOf({ os: image.Os, architecture: image.Architecture });
  return built !== undefined && platformParts(built).os === os && platformParts(built).architecture === architecture;
}

async function buildOnce(podman: EngineApi, build: EngineBuild, onOutput: OnOutput, signal: AbortSignal) {
  const mark = nextMark();
  const output = new PodmanBuildOutput(build, onOutput);
  const containersBefore = new Set((await listBuildContainers(podman, signal)).map(({ id }) => id));
  if (signal.aborted) {
    throw cancelledProblem(signal);
  }
  const { failure, wasRefused, hasResponded } = await sendBuild(podman, {
    path: `build?${buildQuery(build, mark)}`,
    context: build.context.tar(),
    signal,
    onResponse: () => onOutput({ kind: 'context-read' }),
    readOutput: async (stream) => {
      for await (const message of jsonLines(stream, podmanMessageSchema, podman.node)) {
        output.read(message);
        await build.outputReady?.();
      }
    },
    explainRefusal: (message) => contextProblem(podman.node, message),
  });
  output.end();
  if (failure !== undefined) {
    // An engine that died leaves the programs of its steps running, too. A refused build has started nothing.
    if (!wasRefused) {
      await stopBuild(podman, { mark, containersBefore, output, hasReadContext: hasResponded });
    }
    throw failure;
  }
  if (output.error !== undefined) {
    throw buildProblem(podman.node, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImageProblem(podman.node, 'podman');
  }
  return { imageId: output.imageId, isFromCache: output.isCached };
}

/**
 * The query of `POST build`.
 * - Without `layers`, podman neither uses nor fills its cache.
 * - `rm` and `forcerm` remove the containers of the build however it ends.
 * - `dockerfile` is a plain string, because 4.3 looks for a file in a JSON array in the wrong folder.
 * - `platform` is always set, because TARGETARCH and similar arguments have values only then.
 */
function buildQuery(build: EngineBuild, { shmSize }: BuildMark): string {
  return new URLSearchParams({
    layers: '1',
    rm: '1',
    forcerm: '1',
    outputformat: 'application/vnd.oci.image.manifest.v1+json',
    platform: build.platform,
    dockerfile: build.file,
    excludes: JSON.stringify(build.excludes),
    t: build.tag,
    buildargs: JSON.stringify(build.buildArgs),
    labels: JSON.stringify(build.labels),
    pullpolicy: pullPolicies[build.pull],
    shmsize: String(shmSize),
    ...(build.target === undefined ? {} : { target: build.target }),
    ...(build.noCache ? { nocache: '1' } : {}),
  }).toString();
}
