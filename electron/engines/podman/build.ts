import { z } from 'zod';
import type { ImageFormat, PullPolicy } from '../../../shared/build-options.ts';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import { Failure } from '../../../shared/problem.ts';
import { cancelledProblem, type EngineApi, noImageProblem } from '../api/engine-api.ts';
import { jsonLines } from '../api/json-lines.ts';
import { sendBuild } from '../api/send-build.ts';
import { buildMessageSchema } from '../api/step-output.ts';
import type { BuildResult, EngineBuild, EngineOutput } from '../engine.ts';
import { optionParameters } from '../option-parameters.ts';
import { PodmanBuildOutput } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';
import { closeProgram, openProgram, sendFromNode } from './context-cache.ts';
import { type ContextImages, loadContexts } from './named-contexts.ts';
import { ownParameters } from './own-options.ts';
import { loginHeaders } from './pull.ts';
import { removeSecretFiles, withSecretFiles } from './secret-files.ts';
import { withStagePlatforms } from './stage-platforms.ts';
import { endSteps, listBuildContainers, markOf, stopBuild } from './stop-build.ts';

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

/** What is known of a podman. */
export interface PodmanFacts {
  /** That of its API. */
  readonly version: string;
  /** As in image configurations. Undefined until podman has been probed. */
  readonly architecture?: string | undefined;
}

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
  facts: PodmanFacts,
  original: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<BuildResult> {
  const build = await withStagePlatforms(original);
  const again = async (changes: Partial<EngineBuild>, reason: string) => {
    onOutput({ kind: 'log', stream: 'engine', time: Date.now(), text: `${reason} Building again.` });
    const onSecondOutput: OnOutput = (output) => {
      if (output.kind !== 'context-read' && output.kind !== 'context-reused') {
        onOutput(output);
      }
    };
    return buildOnce(podman, facts, { ...build, ...changes }, onSecondOutput, signal);
  };
  const againIfLost = async (error: unknown, repetitions: number): ReturnType<typeof buildOnce> => {
    if (repetitions >= maxRepetitions(error, build)) {
      throw error;
    }
    const reason = `A cached image was removed on ${podman.node} while this build was using it.`;
    return again({}, reason).catch((next: unknown) => againIfLost(next, repetitions + 1));
  };
  const first = await buildOnce(podman, facts, build, onOutput, signal).catch((error: unknown) =>
    againIfLost(error, 0),
  );
  if (!first.isFromCache || (await hasPlatform(podman, first.imageId, build, signal))) {
    return { imageId: first.imageId, unneeded: first.unneeded };
  }
  const second = await again(
    { noCache: true },
    `The cache on ${podman.node} has this image for another platform only, so it is not used.`,
  );
  return { imageId: second.imageId, unneeded: second.unneeded };
}

/**
 * How often a build is repeated because an image of the cache was removed between two steps. Nothing marks it as in use there, so
 * another build, a prune or a person may remove it. A build for another platform may also take the name of a base image that this
 * one has just pulled, several times in a row. The messages come from containers/storage and buildah.
 */
function maxRepetitions(error: unknown, { pull }: EngineBuild): number {
  const { code, detail } = error instanceof Failure ? error.problem : {};
  if (code !== 'build.failed' && code !== 'engine.pull') {
    return 0;
  }
  if (pull !== 'never' && /locating pulled image .*image not known/.test(detail ?? '')) {
    return 3;
  }
  return /layer not known/.test(detail ?? '') || (pull !== 'never' && /image not known/.test(detail ?? '')) ? 1 : 0;
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
  facts: PodmanFacts,
  original: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
) {
  const { build, query } = await withSecretFiles(original);
  const contexts = await loadContexts(podman, facts.version, build, signal);
  const output = new PodmanBuildOutput(build, onOutput);
  const { layouts, context } = build;
  const { packed } = context;
  const discards = build.discardCache;
  const notNeeded = new AbortController();
  const options = { discards, signal: AbortSignal.any([signal, notNeeded.signal]) };
  const opening =
    packed && layouts ? openProgram(podman.transport, { tar: packed, ...options }) : Promise.resolve(undefined);
  const [mark, containers] = await Promise.all([
    markOf(podman, build.id, facts.architecture),
    listBuildContainers(podman, signal),
  ])
    .finally(() => signal.throwIfAborted())
    .catch(async (error: unknown) => {
      notNeeded.abort();
      const program = await opening;
      if (program) {
        closeProgram(program);
      }
      throw signal.aborted ? cancelledProblem(signal) : error;
    });
  const containersBefore = new Set(containers.map(({ id }) => id));
  const own = ownParameters(build, mark, facts.version);
  for (const text of own.notes) {
    onOutput({ kind: 'log', stream: 'engine', time: Date.now(), text });
  }
  const path = `build?${buildQuery(build, { ...own.parameters, ...query }, contexts)}`;
  const headers = loginHeaders(build.logins);
  const { failure, wasRefused, hasResponded, wasSent, hasEnded } = await sendBuild(podman, {
    path,
    headers,
    // podman refuses a link that leads out of the context (containers/storage, pkg/archive)
    context: context.tar({ confinesLinks: true }),
    signal,
    ...(packed && layouts
      ? {
          sendFromNode: async (signal, onSent) => {
            // a request that ends does not wait for the turn of its program
            signal.addEventListener('abort', () => notNeeded.abort(), { once: true });
            const program = await opening;
            const request = {
              path: `${podman.prefix}${path}`,
              headers,
              tar: packed,
              layouts,
              discards,
              onSent,
              signal,
            };
            const onReused = (bytes: number) => onOutput({ kind: 'context-reused', bytes });
            return program && sendFromNode(podman.transport, program, { ...request, onReused });
          },
        }
      : {}),
    onResponse: () => onOutput({ kind: 'context-read' }),
    readOutput: async (stream) => {
      for await (const message of jsonLines(stream, buildMessageSchema, podman.node)) {
        output.read(message);
        await build.outputReady?.();
      }
    },
    explainRefusal: (message) => contextProblem(podman.node, message),
    onAbort: (stop, { ended }) => void endSteps(podman, mark, ended).finally(stop),
  });
  output.end();
  if (failure !== undefined) {
    // An engine that died leaves the programs of its steps running, too. A refused build has started nothing.
    if (!wasRefused) {
      const state = { hasReadContext: hasResponded, mayRun: wasSent, hasEnded };
      await stopBuild(podman, { mark, containersBefore, output, ...state });
      if (build.secrets.length > 0) {
        await removeSecretFiles(podman.transport, build.id);
      }
    }
    throw failure;
  }
  if (output.error !== undefined) {
    throw buildProblem(podman.node, facts.version, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImageProblem(podman.node, 'podman');
  }
  return {
    imageId: output.imageId,
    isFromCache: output.isCached,
    unneeded: build.discardCache ? [...contexts.replaced, ...contexts.names] : contexts.replaced,
  };
}

/**
 * The query of `POST build`.
 * - Without `layers`, podman neither uses nor fills its cache.
 * - `rm` and `forcerm` remove the containers of the build however it ends.
 * - `dockerfile` is a plain string, because 4.3 looks for a file in a JSON array in the wrong folder.
 * - `platform` is always set, because TARGETARCH and similar arguments have values only then.
 */
function buildQuery(build: EngineBuild, more: Readonly<Record<string, string>>, contexts: ContextImages): string {
  const { platform, file, excludes, tag, format } = build;
  // images that were brought here are in no registry: `newer` takes them as they are
  const pull = build.pull === 'always' && contexts.names.length > 0 ? 'newer' : build.pull;
  const parameters = new URLSearchParams({
    layers: '1',
    rm: '1',
    forcerm: '1',
    outputformat: outputFormats[format],
    platform,
    dockerfile: file,
    excludes: JSON.stringify(excludes),
    t: tag,
    pullpolicy: pullPolicies[pull],
    ...Object.fromEntries(optionParameters('podman', build)),
    ...more,
  });
  for (const [name, value] of contexts.query) {
    parameters.append(name, value);
  }
  return parameters.toString();
}
