import { z } from 'zod';
import { type Platform, platformOf, platformParts } from '../../../../shared/platform.ts';
import { type Failure, fail } from '../../../../shared/problem.ts';
import { hostAddress, ulimitOf } from '../../../../shared/step-limits.ts';
import { compressWhereFaster } from '../../api/context-compression.ts';
import { cancelledProblem, type EngineApi, noImageProblem } from '../../api/engine-api.ts';
import { jsonLines } from '../../api/json-lines.ts';
import { registryConfigHeader } from '../../api/registry-config.ts';
import { sendBuild } from '../../api/send-build.ts';
import { findHereDocument } from '../../containerfile-steps.ts';
import type { EngineBuild, EngineOutput } from '../../engine.ts';
import { optionParameters } from '../../option-parameters.ts';
import type { ClassicReason } from '../builder-choice.ts';
import { ClassicBuildOutput, classicMessageSchema } from './build-output.ts';
import { buildKitProblem, classicProblem, refusedBuildProblem } from './build-problem.ts';
import { classicContext, platformArgs } from './context.ts';
import { pullCaches } from './pull-caches.ts';

/** What docker calls Docker Hub in logins. */
const dockerHub = 'https://index.docker.io/v1/';

const ownPlatformSchema = z.object({ Os: z.string(), Arch: z.string() });
const imageSchema = z.object({ Os: z.string(), Architecture: z.string() });

type OnOutput = (output: EngineOutput) => void;

/**
 * Builds with docker's classic builder, which gets the whole context. docker ends the program of a RUN step and removes its
 * container when the request is closed (20.10.24 and 26.1.5). See `Builder.build`.
 *
 * docker before 23 builds on whatever its image storage has under the name of a base image, for whichever platform that is, and
 * takes what was built from scratch for another platform from its cache. So an image for another platform is built once more, on
 * base images that docker looks up again and without the cache.
 */
export async function buildClassic(
  docker: EngineApi,
  reason: ClassicReason,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const hereDocument = findHereDocument(build.instructions);
  if (hereDocument) {
    throw buildKitProblem(docker.node, reason, 'here-documents (<<EOF)', hereDocument.firstLine);
  }
  const own = await readOwnPlatform(docker, build, signal);
  const caches = await pullCaches(docker, build, onOutput, signal);
  try {
    return await buildForPlatform(docker, reason, own, build, caches.names, onOutput, signal);
  } finally {
    await caches.release();
  }
}

async function buildForPlatform(
  docker: EngineApi,
  reason: ClassicReason,
  own: Platform,
  build: EngineBuild,
  caches: readonly string[],
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const first = await buildOnce(docker, reason, own, build, caches, onOutput, signal);
  const found = await otherPlatform(docker, first.imageId, build, signal);
  if (found === undefined) {
    return first;
  }
  const text = `${docker.node} has built the image for ${found}. Building again on newly pulled base images, without the cache.`;
  onOutput({ kind: 'log', stream: 'engine', time: Date.now(), text });
  const onSecondOutput: OnOutput = (output) => output.kind !== 'context-read' && onOutput(output);
  const again: EngineBuild = { ...build, noCache: true, pull: build.pull === 'missing' ? 'always' : build.pull };
  const second = await buildOnce(docker, reason, own, again, [], onSecondOutput, signal);
  const stillFound = await otherPlatform(docker, second.imageId, build, signal);
  if (stillFound !== undefined) {
    throw platformProblem(docker.node, reason, build, stillFound);
  }
  return second;
}

async function buildOnce(
  docker: EngineApi,
  reason: ClassicReason,
  own: Platform,
  build: EngineBuild,
  caches: readonly string[],
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  if (signal.aborted) {
    throw cancelledProblem(signal);
  }
  const output = new ClassicBuildOutput(build, onOutput);
  const args = { ...platformArgs(build, own), ...build.buildArgs };
  const { file, tar } = await classicContext(build, args);
  const { failure } = await sendBuild(docker, {
    path: `build?${buildQuery({ ...build, file, buildArgs: args }, caches)}`,
    headers: registryConfigHeader(build.logins, dockerHub),
    context: compressWhereFaster(tar, docker.transport.roundTripMs?.()),
    signal,
    onResponse: () => onOutput({ kind: 'context-read' }),
    readOutput: async (stream) => {
      for await (const message of jsonLines(stream, classicMessageSchema, docker.node)) {
        output.read(message);
        await build.outputReady?.();
      }
    },
    explainRefusal: (message) => refusedBuildProblem(docker.node, reason, build, message),
  });
  output.end();
  if (failure !== undefined) {
    throw failure;
  }
  if (output.error !== undefined) {
    throw classicProblem(docker.node, reason, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImageProblem(docker.node, 'docker');
  }
  return { imageId: output.imageId };
}

/**
 * The query of `POST build`. `rm` and `forcerm` remove the containers of the build however it ends; `forcerm` alone does both. Without
 * `pull`, docker pulls only what it lacks; it has no policy `never`: see the limits of docker.
 */
function buildQuery(build: EngineBuild, caches: readonly string[]): string {
  const { addHosts = [], ulimits = [] } = build;
  const limits = ulimits.flatMap((text) => ulimitOf(text) ?? []);
  const parameters = new URLSearchParams({
    version: '1',
    rm: '1',
    forcerm: build.rm === false ? '0' : '1',
    platform: build.platform,
    dockerfile: build.file,
    t: build.tag,
    ...(build.pull === 'missing' ? {} : { pull: '1' }),
    ...(limits.length > 0
      ? { ulimits: JSON.stringify(limits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard }))) }
      : {}),
    ...(caches.length > 0 ? { cachefrom: JSON.stringify(caches) } : {}),
    ...Object.fromEntries(optionParameters('classic', build)),
  });
  for (const { host, ip } of addHosts.flatMap((text) => hostAddress(text) ?? [])) {
    parameters.append('extrahosts', `${host}:${ip}`);
  }
  return parameters.toString();
}

/** The platform of docker itself. */
async function readOwnPlatform(docker: EngineApi, { platform }: EngineBuild, signal: AbortSignal): Promise<Platform> {
  const request = { method: 'GET', path: 'version', signal } as const;
  const { Os, Arch } = await docker.requestJson('report its version', ownPlatformSchema, request);
  return platformOf({ os: Os, architecture: Arch }) ?? platform;
}

/** The platform in the configuration of an image, if it is not that of the build. */
async function otherPlatform(
  docker: EngineApi,
  imageId: string,
  { platform }: EngineBuild,
  signal: AbortSignal,
): Promise<string | undefined> {
  const request = { method: 'GET', path: `images/${imageId}/json`, signal } as const;
  const { Os, Architecture } = await docker.requestJson('inspect the image', imageSchema, request);
  const built = platformOf({ os: Os, architecture: Architecture });
  const wanted = platformParts(platform);
  const isWanted =
    built !== undefined &&
    platformParts(built).os === wanted.os &&
    platformParts(built).architecture === wanted.architecture;
  return isWanted ? undefined : (built ?? 'another platform');
}

function platformProblem(node: string, reason: ClassicReason, { platform }: EngineBuild, found: string): Failure {
  return fail(
    'image.platform',
    `Node ${node}: docker's classic builder built the image for ${found} instead of ${platform}.`,
    `Build ${platform} on a node that runs it natively. ${reason.fix}`,
  );
}
