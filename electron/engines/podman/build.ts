import { z } from 'zod';
import type { PullPolicy } from '../../../shared/build.ts';
import { platformOf, platformParts } from '../../../shared/platform.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { cancelled, type EngineApi, noImage } from '../engine-api.ts';
import { jsonLines } from '../json-lines.ts';
import { sendBuild } from '../send-build.ts';
import { BuildOutput, buildMessageSchema } from './build-output.ts';
import { buildProblem, contextProblem } from './build-problem.ts';
import { type BuildMark, buildContainers, nextMark, stopBuild } from './cancel.ts';

/** buildah's names of pull policies; one that it does not know silently means missing. */
const pullPolicies: Readonly<Record<PullPolicy, string>> = {
  missing: 'missing',
  always: 'always',
  never: 'never',
  newer: 'ifnewer',
};

const imageSchema = z.object({ Os: z.string(), Architecture: z.string() });

type Report = (output: EngineOutput) => void;

/**
 * Builds on podman. See `Engine.build`.
 *
 * podman's cache does not look at the platform of what it finds: a stage `FROM scratch` that was built for one platform
 * answers for every other, with an image that says it is for the first (4.3.1 and 5.4.2). Its content is right, since it was made of the
 * same files and arguments, but not its configuration. Then the build is made once more without the cache, and the
 * context opened once more.
 */
export async function buildImage(
  podman: EngineApi,
  build: EngineBuild,
  report: Report,
  signal: AbortSignal,
): Promise<{ imageId: string }> {
  const first = await buildOnce(podman, build, report, signal);
  if (!first.fromCache || (await isFor(podman, first.imageId, build, signal))) {
    return { imageId: first.imageId };
  }
  report({
    kind: 'line',
    text: `The cache of ${podman.node} has this image for another platform only: building it again without.`,
  });
  const again: Report = (output) => {
    if (output.kind !== 'context-read') {
      report(output);
    }
  };
  const { imageId } = await buildOnce(podman, { ...build, noCache: true }, again, signal);
  return { imageId };
}

async function isFor(podman: EngineApi, imageId: string, { platform }: EngineBuild, signal: AbortSignal) {
  const image = await podman.ask('look at the image', imageSchema, {
    method: 'GET',
    path: `images/${imageId}/json`,
    signal,
  });
  const { os, architecture } = platformParts(platform);
  const built = platformOf({ os: image.Os, architecture: image.Architecture });
  return built !== undefined && platformParts(built).os === os && platformParts(built).architecture === architecture;
}

async function buildOnce(podman: EngineApi, build: EngineBuild, report: Report, signal: AbortSignal) {
  const mark = nextMark();
  const output = new BuildOutput(report);
  const before = new Set((await buildContainers(podman, signal)).map(({ id }) => id));
  if (signal.aborted) {
    throw cancelled(signal);
  }
  const sent = await sendBuild(podman, {
    path: `build?${buildQuery(build, mark)}`,
    context: build.context(),
    signal,
    onAnswer: () => report({ kind: 'context-read' }),
    read: async (stream) => {
      for await (const message of jsonLines(stream, buildMessageSchema, podman.node)) {
        output.read(message);
      }
    },
    refusal: (message) => contextProblem(podman.node, message),
  });
  output.end();
  if (sent.reason !== undefined) {
    // an engine that has died leaves the programs of its steps running, too; one that has refused has begun nothing
    if (!sent.refused) {
      await stopBuild(podman, { mark, before, output, contextRead: sent.answered });
    }
    throw sent.reason;
  }
  return outcome(podman, build, output);
}

function outcome(podman: EngineApi, build: EngineBuild, output: BuildOutput) {
  if (output.error !== undefined) {
    throw buildProblem(podman.node, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw noImage(podman.node, 'podman');
  }
  return { imageId: output.imageId, fromCache: output.cached };
}

/**
 * Without `layers` podman neither uses nor fills its cache. `rm` and `forcerm` remove the containers of the build in any
 * case. The Containerfile is named as a plain string: as a JSON array, 4.3 looks for it in the wrong folder. The platform is
 * always said, since only then TARGETARCH and its like have values.
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
