import { z } from 'zod';
import type { PullPolicy } from '../../shared/build.ts';
import { platformOf, platformParts } from '../../shared/platform.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { BuildOutput, buildMessageSchema } from './build-output.ts';
import type { EngineBuild, EngineOutput } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import { cancelled, type PodmanApi } from './podman-api.ts';
import { buildProblem, contextProblem } from './podman-build-problem.ts';
import { type BuildMark, buildContainers, nextMark, stopBuild } from './podman-cancel.ts';

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
  podman: PodmanApi,
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

async function isFor(podman: PodmanApi, imageId: string, { platform }: EngineBuild, signal: AbortSignal) {
  const image = await podman.ask('look at the image', imageSchema, {
    method: 'GET',
    path: `images/${imageId}/json`,
    signal,
  });
  const { os, architecture } = platformParts(platform);
  const built = platformOf({ os: image.Os, architecture: image.Architecture });
  return built !== undefined && platformParts(built).os === os && platformParts(built).architecture === architecture;
}

async function buildOnce(podman: PodmanApi, build: EngineBuild, report: Report, signal: AbortSignal) {
  const action = 'start the build';
  const mark = nextMark();
  const output = new BuildOutput(report);
  const before = new Set((await buildContainers(podman, signal)).map(({ id }) => id));
  if (signal.aborted) {
    throw cancelled(signal);
  }
  const context = build.context();
  // ends the request when it is aborted from outside, when the context cannot be read on, and when the engine answers early
  const request = new AbortController();
  let unreadable: unknown;
  /** Why the build broke off, where it was not us who stopped it. */
  let broken: Failure | undefined;
  let refused = false;
  let answered = false;
  let contextRead = false;
  const abort = () => request.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  context.on('error', (error) => {
    // an engine that has answered wants no more of it, and that it is cut off then is no trouble of its own
    if (!answered) {
      unreadable ??= error;
      request.abort(error);
    }
  });
  try {
    const response = await podman.send(action, {
      method: 'POST',
      path: `build?${buildQuery(build, mark)}`,
      headers: { 'Content-Type': 'application/x-tar' },
      body: context,
      signal: request.signal,
    });
    answered = true;
    if (response.status !== 200) {
      const message = await podman.messageOf(response);
      refused = true;
      throw contextProblem(podman.node, message) ?? podman.refused(action, message);
    }
    const stream = response.body;
    request.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    contextRead = true;
    report({ kind: 'context-read' });
    for await (const message of jsonLines(stream, buildMessageSchema, podman.node)) {
      output.read(message);
    }
  } catch (error) {
    if (!signal.aborted && unreadable === undefined) {
      broken = podman.failureOf(error, 'finish the build');
    }
  } finally {
    signal.removeEventListener('abort', abort);
    request.abort();
    context.destroy();
    output.end();
  }
  if (signal.aborted || unreadable !== undefined || broken) {
    // an engine that has died leaves the programs of its steps running, too; one that has refused has begun nothing
    if (!refused) {
      await stopBuild(podman, { mark, before, output, contextRead });
    }
    throw signal.aborted ? cancelled(signal) : (unreadable ?? broken);
  }
  return outcome(podman, build, output);
}

function outcome(podman: PodmanApi, build: EngineBuild, output: BuildOutput) {
  if (output.error !== undefined) {
    throw buildProblem(podman.node, build, output, output.error);
  }
  if (output.imageId === undefined) {
    throw fail(
      'build.no-image',
      `Node ${podman.node}: podman ended the build without naming an image.`,
      'Build again; if it happens again, look at `journalctl -u podman` on the node.',
    );
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
