import { randomBytes } from 'node:crypto';
import { type Failure, fail } from '../../../shared/problem.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { cancelled, type EngineApi, noImage, patience } from '../engine-api.ts';
import { jsonLines } from '../json-lines.ts';
import { sendBuild } from '../send-build.ts';
import { DockerOutput, dockerMessageSchema } from './build-output.ts';
import { dockerProblem } from './build-problem.ts';
import { tidyCache } from './cache.ts';

/** How long BuildKit may take to end what it was told to cancel, in milliseconds; after that the request is ended. */
const cancelMs = 20_000;

/**
 * Builds on docker with BuildKit, without a session: the context is the body of the request. Closing the request cancels the build
 * and ends the program of a RUN step, too (26.1.5). BuildKit keeps the context of every build in its cache and never uses it
 * again, so it is taken away here. See `Engine.build`.
 */
export async function buildOnDocker(
  docker: EngineApi,
  build: EngineBuild,
  report: (output: EngineOutput) => void,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  if (build.pull === 'never') {
    throw neverPulls(docker.node);
  }
  const began = await nodeTime(docker, signal);
  try {
    return await buildOnce(docker, build, report, signal);
  } finally {
    // it costs space on the node, not the build
    await tidyCache(docker, began, build.leaveNothing).catch(() => undefined);
  }
}

async function buildOnce(
  docker: EngineApi,
  build: EngineBuild,
  report: (output: EngineOutput) => void,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  if (signal.aborted) {
    throw cancelled(signal);
  }
  const id = randomBytes(12).toString('hex');
  const output = new DockerOutput(build.instructions, report);
  let timer: NodeJS.Timeout | undefined;
  const { reason } = await sendBuild(docker, {
    path: `build?${buildQuery(build, id)}`,
    context: build.context(),
    signal,
    read: async (stream) => {
      for await (const message of jsonLines(stream, dockerMessageSchema, docker.node)) {
        output.read(message);
      }
    },
    onAbort: (stop) => {
      timer = setTimeout(stop, cancelMs);
      cancelBuild(docker, id).catch(stop);
    },
  });
  clearTimeout(timer);
  output.end();
  if (reason !== undefined) {
    throw reason;
  }
  if (output.error !== undefined) {
    throw dockerProblem(docker.node, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImage(docker.node, 'docker');
  }
  return { imageId: output.imageId };
}

async function cancelBuild(docker: EngineApi, id: string): Promise<void> {
  const body = await docker.open('cancel the build', {
    method: 'POST',
    path: `build/cancel?id=${id}`,
    timeoutMs: cancelMs,
  });
  body.resume();
}

/** What the clock of the node shows, in milliseconds since 1970, to the second below. */
async function nodeTime(docker: EngineApi, signal: AbortSignal): Promise<number> {
  const response = await docker.send('answer', { method: 'GET', path: '_ping', timeoutMs: patience, signal });
  await docker.textOf('answer', response.body, signal);
  return Date.parse(response.headers.date ?? '') || Date.now();
}

/**
 * `version=2` is BuildKit. It always looks for a newer base image where it is told to pull, and fetches nothing that it has, so that
 * `always` and `newer` are one.
 */
function buildQuery(build: EngineBuild, id: string): string {
  return new URLSearchParams({
    version: '2',
    buildid: id,
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

function neverPulls(node: string): Failure {
  return fail(
    'input.invalid',
    `Node ${node}: docker cannot be told never to pull base images.`,
    'Let it pull what is missing, or build on nodes with podman.',
  );
}
