import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { ConnectError } from '@connectrpc/connect';
import { cancelledProblem, type EngineApi, noImageProblem } from '../api/engine-api.ts';
import { BuildKitOutput } from '../buildkit/build-output.ts';
import { buildKitClient } from '../buildkit/client.ts';
import { openSession } from '../buildkit/session.ts';
import { solve } from '../buildkit/solve.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { cleanBuildCache, listCacheRecords } from './build-cache.ts';
import { buildProblem } from './build-problem.ts';
import { openBuildKitStream } from './buildkit-stream.ts';

type OnOutput = (output: EngineOutput) => void;

/**
 * Builds with the BuildKit in docker. BuildKit reads the context through a session, and keeps it for the next build of the
 * project, which then sends only what has changed. Ending the call cancels the build and also ends the program of a RUN step
 * (26.1.5). See `Builder.build`.
 */
export async function buildImage(
  docker: EngineApi,
  build: EngineBuild,
  onOutput: OnOutput,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  if (!build.discardCache) {
    return buildOnce(docker, build, onOutput, signal);
  }
  const before = await listCacheRecords(docker, signal).catch(() => undefined);
  try {
    return await buildOnce(docker, build, onOutput, signal);
  } finally {
    // If this fails, it costs disk space on the node but not the build.
    if (before) {
      await cleanBuildCache(docker, new Set(before.map(({ id }) => id))).catch(() => undefined);
    }
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
  const [stream, sharedKey] = await Promise.all([
    openBuildKitStream(docker, signal),
    // what a build leaves on the node is removed if its cache is, but not what was there before
    build.discardCache ? randomUUID() : build.contextKey(),
  ]);
  const client = buildKitClient(stream);
  const session = openSession(client, {
    context: build.context,
    logins: build.logins,
    sharedKey,
    onReused: (bytes) => bytes > 0 && onOutput({ kind: 'context-reused', bytes }),
  });
  const output = new BuildKitOutput(build, onOutput);
  let imageId: string | undefined;
  try {
    const response = await solve(client, {
      session: session.id,
      frontendAttrs: frontendAttrs(build),
      // docker's own exporter, which puts an image into its storage
      exporter: 'moby',
      exporterAttrs: { name: build.tag },
      onStatus: (status) => output.read(status),
      outputReady: build.outputReady,
      signal,
    });
    imageId = response['containerimage.digest'];
  } catch (error) {
    output.end(false);
    if (signal.aborted) {
      throw cancelledProblem(signal);
    }
    throw session.failure ?? toFailure(docker, build, output, stream, error);
  } finally {
    session.close();
    client.close();
  }
  output.end(true);
  if (imageId === undefined) {
    throw noImageProblem(docker.node, 'docker');
  }
  return { imageId };
}

/** BuildKit's own error has no cause. Any other is one of the connection. */
function toFailure(
  docker: EngineApi,
  build: EngineBuild,
  output: BuildKitOutput,
  stream: Duplex,
  error: unknown,
): unknown {
  const isBuildKits = error instanceof ConnectError && error.cause === undefined && !stream.destroyed;
  return isBuildKits
    ? buildProblem(docker.node, build, output, error.rawMessage.trim())
    : docker.toFailure(error, 'finish the build');
}

/**
 * The attributes of the frontend. With the mode `pull`, BuildKit looks for a newer base image and downloads only what it lacks,
 * so the policies `always` and `newer` are the same. It has no policy `never`: see the limits of docker.
 */
function frontendAttrs(build: EngineBuild): Record<string, string> {
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}:${name}`, value]));
  return {
    filename: build.file,
    platform: build.platform,
    'image-resolve-mode': build.pull === 'missing' ? 'default' : 'pull',
    ...prefixed('build-arg', build.buildArgs),
    ...prefixed('label', build.labels),
    ...(build.target === undefined ? {} : { target: build.target }),
    ...(build.noCache ? { 'no-cache': '' } : {}),
  };
}
