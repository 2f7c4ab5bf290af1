import { z } from 'zod';
import type { ImageFormat, PullPolicy } from '../../../shared/build.ts';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import { Failure } from '../../../shared/problem.ts';
import { cancelledProblem, type EngineApi, noImageProblem } from '../api/engine-api.ts';
import { base64Url } from '../api/image-requests.ts';
import { jsonLines } from '../api/json-lines.ts';
import { sendBuild } from '../api/send-build.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import type { RegistryLogin } from '../registry-login.ts';
import { PodmanBuildOutput, podmanMessageSchema } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';
import { withStagePlatforms } from './stage-platforms.ts';
import { type BuildMark, listBuildContainers, markOf, stopBuild } from './stop-build.ts';

/** buildah's names of pull policies. buildah silently treats an unknown name as `missing`. */
const pullPolicies: Readonly<Record<PullPolicy, string>> = {
  missing: 'missing',
  always: 'always',
  never: 'never',
  newer: 'ifnewer',
};

const outputFormats: Readonly<Record<ImageFormat, string>> = {
  oci: 'application/vnd.oci.image.manifest.v1+json',
  docker: 'application/vnd.docker.distribution.manifest.v2+json',
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
  version: string,
  original: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const build = await withStagePlatforms(original);
  const again = async (changes: Partial<EngineBuild>, reason: string) => {
    onOutput({ kind: 'log', stream: 'engine', time: Date.now(), text: `${reason} Building again.` });
    const onSecondOutput: OnOutput = (output) => {
      if (output.kind !== 'context-read') {
        onOutput(output);
      }
    };
    return buildOnce(podman, version, { ...build, ...changes }, onSecondOutput, signal);
  };
  const first = await buildOnce(podman, version, build, onOutput, signal).catch((error: unknown) => {
    if (isLostLayer(error, build)) {
      return again({}, `A cached image was removed on ${podman.node} while this build was using it.`);
    }
    throw error;
  });
  if (!first.isFromCache || (await hasPlatform(podman, first.imageId, build, signal))) {
    return { imageId: first.imageId };
  }
  const second = await again(
    { noCache: true },
    `The cache on ${podman.node} has this image for another platform only, so it is not used.`,
  );
  return { imageId: second.imageId };
}

/**
 * Was an image of the cache removed between two steps? Nothing marks it as in use there, so another build, a prune or a person
 * may remove it. The messages come from containers/storage.
 */
function isLostLayer(error: unknown, { pull }: EngineBuild): boolean {
  const detail = error instanceof Failure && error.problem.code === 'build.failed' ? error.problem.detail : undefined;
  return /layer not known/.test(detail ?? '') || (pull !== 'never' && /image not known/.test(detail ?? ''));
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

async function buildOnce(
  podman: EngineApi,
  version: string,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
) {
  const output = new PodmanBuildOutput(build, onOutput);
  const [mark, containers] = await Promise.all([markOf(podman, build.id, signal), listBuildContainers(podman, signal)]);
  const containersBefore = new Set(containers.map(({ id }) => id));
  if (signal.aborted) {
    throw cancelledProblem(signal);
  }
  const { failure, wasRefused, hasResponded } = await sendBuild(podman, {
    path: `build?${buildQuery(build, mark)}`,
    headers: loginHeaders(build.logins),
    // podman refuses a link that leads out of the context (containers/storage, pkg/archive)
    context: build.context.tar({ confinesLinks: true }),
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
    throw buildProblem(podman.node, version, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImageProblem(podman.node, 'podman');
  }
  return { imageId: output.imageId, isFromCache: output.isCached };
}

/** podman reads logins by registry, with the fields of docker's API. */
function loginHeaders(logins: readonly RegistryLogin[]): Record<string, string> {
  if (logins.length === 0) {
    return {};
  }
  const entries = logins.map(({ registry, credentials }) => [
    registry,
    'identityToken' in credentials ? { identitytoken: credentials.identityToken } : credentials,
  ]);
  return { 'X-Registry-Config': base64Url(JSON.stringify(Object.fromEntries(entries))) };
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
    outputformat: outputFormats[build.format],
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
