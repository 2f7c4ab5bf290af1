import { createHash } from 'node:crypto';
import { Failure } from '../../../shared/problem.ts';
import { cancelledProblem, type EngineApi, noImageProblem, requestTimeoutMs } from '../api/engine-api.ts';
import { jsonLines } from '../api/json-lines.ts';
import { sendBuild } from '../api/send-build.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import type { RegistryLogin } from '../registry-login.ts';
import { cleanBuildCache } from './build-cache.ts';
import { DockerBuildOutput, dockerMessageSchema } from './build-output.ts';
import { buildProblem } from './build-problem.ts';
import { openLoginSession } from './session.ts';

/** Milliseconds that BuildKit gets to end a cancelled build. After that, the request is closed. */
const cancelTimeoutMs = 20_000;

type OnOutput = (output: EngineOutput) => void;

/**
 * Builds on docker with BuildKit. The context is the body of the request. Closing the request cancels the
 * build and also ends the program of a RUN step (26.1.5). BuildKit keeps the context of every build in its cache and never
 * uses it again, so it is removed after the build. See `Builder.build`.
 */
export async function buildImage(
  docker: EngineApi,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const startedAt = await readNodeTime(docker, signal);
  try {
    return await buildOnce(docker, build, onOutput, signal);
  } finally {
    // If this fails, it costs disk space on the node but not the build.
    await cleanBuildCache(docker, startedAt, build.discardCache).catch(() => undefined);
  }
}

async function buildOnce(
  docker: EngineApi,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  if (signal.aborted) {
    throw cancelledProblem(signal);
  }
  const output = new DockerBuildOutput(build, onOutput);
  let timer: NodeJS.Timeout | undefined;
  const session = await openSession(docker, build.logins, signal);
  const { failure } = await sendBuild(docker, {
    path: `build?${buildQuery(build)}${session ? `&session=${session.id}` : ''}`,
    context: build.context.tar(),
    signal,
    readOutput: async (stream) => {
      for await (const message of jsonLines(stream, dockerMessageSchema, docker.node)) {
        output.read(message);
        await build.outputReady?.();
      }
    },
    onAbort: (stop) => {
      timer = setTimeout(stop, cancelTimeoutMs);
      cancelBuild(docker, build.id).catch(stop);
    },
  });
  session?.close();
  clearTimeout(timer);
  output.end();
  if (failure !== undefined) {
    throw failure;
  }
  if (output.error !== undefined) {
    throw buildProblem(docker.node, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImageProblem(docker.node, 'docker');
  }
  return { imageId: output.imageId };
}

/** @param id that of the `EngineBuild` */
export async function cancelBuild(docker: EngineApi, id: string): Promise<void> {
  const body = await docker.openStream('cancel the build', {
    method: 'POST',
    path: `build/cancel?id=${dockerBuildId(id)}`,
    timeoutMs: cancelTimeoutMs,
  });
  body.resume();
}

/** docker counts builds by an id without a meaning. */
function dockerBuildId(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 24);
}

/** The time by the node's clock in milliseconds since 1970, rounded down to the second. */
async function readNodeTime(docker: EngineApi, signal: AbortSignal): Promise<number> {
  const response = await docker.send('respond', { method: 'GET', path: '_ping', timeoutMs: requestTimeoutMs, signal });
  await docker.readText('respond', response.body, signal);
  return Date.parse(response.headers.date ?? '') || Date.now();
}

/**
 * Without a session, BuildKit pulls from no registry that wants a token, not even without a login ("no active sessions", 26.1.5).
 * A docker that takes no session may still pull from others.
 */
async function openSession(docker: EngineApi, logins: readonly RegistryLogin[], signal: AbortSignal) {
  return openLoginSession(docker, logins, signal).catch((error: unknown) => {
    if (error instanceof Failure && error.problem.code === 'engine.refused') {
      return undefined;
    }
    throw error;
  });
}

/**
 * The query of `POST build`. `version=2` selects BuildKit. With `pull`, BuildKit looks for a newer base image and downloads
 * only what it lacks, so the policies `always` and `newer` are the same. It has no policy `never`: see the limits of docker.
 */
function buildQuery(build: EngineBuild): string {
  return new URLSearchParams({
    version: '2',
    buildid: dockerBuildId(build.id),
    platform: build.platform,
    dockerfile: build.file,
    t: build.tag,
    buildargs: JSON.stringify(build.buildArgs),
    labels: JSON.stringify(build.labels),
    ...(build.pull === 'missing' ? {} : { pull: '1' }),
    ...(build.target === undefined ? {} : { target: build.target }),
    ...(build.noCache ? { nocache: '1' } : {}),
  }).toString();
}
