import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../shared/problem.ts';
import type { EngineApi } from '../api/engine-api.ts';
import type { Transport } from '../transport/transport.ts';
import type { PodmanBuildOutput } from './build-output.ts';

/**
 * Identifies the processes of a build on its node, so that they can be killed. Closing the request of a build ends what podman
 * itself does (pulls, copies), but not the program of a RUN step: that runs to its end, and the build's containers stay until
 * then (podman 4.3.1 and 5.4.2). The mark is the size of /dev/shm in the build's containers: it is neither in the image nor in
 * the cache key, and every process of a container shows it in its mountinfo. With `isolation=chroot` (podman in an
 * unprivileged container) steps have no /dev/shm of their own, and Barnraiser can only wait for them to end.
 */
export interface BuildMark {
  /** The query parameter of the build, in bytes. */
  readonly shmSize: number;
}

const markCount = 4095;
let lastMark = randomInt(markCount);

/** A mark that no other build of this process has. Builds of other processes on the same node most likely have another one. */
export function nextMark(): BuildMark {
  lastMark = (lastMark + 1) % markCount;
  // Builds get 64 MiB by default, so no step gets less. The kernel counts in pages of up to 64 KiB.
  return { shmSize: 64 * 1024 * 1024 + (lastMark + 1) * 64 * 1024 };
}

/** A shell command that kills the processes with a mark and prints how many it killed. busybox can run it. */
export function killCommand(mark: BuildMark): string {
  const pattern = ` /dev/shm .*[ ,]size=${mark.shmSize / 1024}k(,|$)`;
  return `n=0
    for file in $(grep -lsE '${pattern}' /proc/[0-9]*/mountinfo); do
      pid=\${file#/proc/}
      kill -9 "\${pid%/mountinfo}" && n=$((n + 1))
    done
    echo $n`;
}

/**
 * podman 4 leaves a context in /var/tmp if its upload breaks. This command removes contexts that no process has open and that
 * were not unpacked. podman keeps the file open during the upload and until it is unpacked.
 */
export const removeBrokenUploadsCommand = `for file in /var/tmp/libpod_builder*/tarBall; do
    folder=\${file%/tarBall}
    if [ -f "$file" ] && [ ! -L "$folder" ] && [ ! -e "$folder/build" ] &&
      ! ls -l /proc/[0-9]*/fd 2>/dev/null | grep -qF "$file"; then
      rm -f "$file" && rmdir "$folder"
    fi
  done`;

const containersSchema = z
  .array(z.object({ Id: z.string(), ImageID: z.string().nullish(), Command: z.array(z.string()).nullish() }))
  .nullable();

interface BuildContainer {
  readonly id: string;
  /** The image that the container is based on; empty for `FROM scratch`. */
  readonly imageId: string;
}

/** How often podman is asked again for its containers, and how long after, in milliseconds. */
const listRetries = { count: 10, delayMs: 100 };

/** The containers of all builds on the node, not only Barnraiser's. */
export async function listBuildContainers(podman: EngineApi, signal?: AbortSignal): Promise<BuildContainer[]> {
  const list = await listContainers(podman, signal);
  return (list ?? [])
    .filter(({ Command }) => Command?.[0] === 'buildah')
    .map(({ Id, ImageID }) => ({ id: Id, imageId: ImageID ?? '' }));
}

/** podman 4.3 fails if a container is removed while it lists them, by any build on the node. */
async function listContainers(podman: EngineApi, signal?: AbortSignal): Promise<z.infer<typeof containersSchema>> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await podman.requestJson('list its containers', containersSchema, {
        method: 'GET',
        path: 'containers/json?external=true&all=true',
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      const isRace =
        error instanceof Failure && /container not known|no such container/.test(error.problem.detail ?? '');
      if (!isRace || retries === listRetries.count) {
        throw error;
      }
      await delay(listRetries.delayMs);
    }
  }
}

/** What identifies a running build on its node. */
export interface BuildToStop {
  readonly mark: BuildMark;
  /** Ids of the build containers that existed before the build. */
  readonly containersBefore: ReadonlySet<string>;
  /** The build's output so far. */
  readonly output: PodmanBuildOutput;
  /** podman has read the whole context. */
  readonly hasReadContext: boolean;
}

/** Milliseconds until Barnraiser stops waiting for podman: enough for an emulated node, short enough for a person who waits. */
const stopTimeoutMs = { withCommands: 30_000, withoutCommands: 10_000 };
/** A step may start while the previous one is being killed, so the node must be quiet in this many rounds in a row. */
const requiredQuietRounds = 2;
/** After this many failures in a row the node refuses commands. A single one may have timed out on a busy node. */
const maxFailedCommands = 2;

/**
 * Stops a build whose request is closed: kills the programs of its steps, waits until podman has stopped working on it, and
 * removes the containers that remain. Never throws, because the build is cancelled either way.
 */
export async function stopBuild(podman: EngineApi, build: BuildToStop): Promise<void> {
  try {
    const baseImageIds = await findImageIds(podman, build.output.baseImages);
    let failedCommands = 0;
    let quietRounds = 0;
    const start = performance.now();
    const { transport } = podman;
    while (quietRounds < requiredQuietRounds && !transport.lost.aborted) {
      const killed = failedCommands < maxFailedCommands ? await killSteps(transport, build.mark) : undefined;
      failedCommands = killed === undefined ? failedCommands + 1 : 0;
      // if podman cannot list them, their number is unknown
      const remaining = await listBuildContainers(podman).then(
        (containers) => findOwnContainers(containers, build, baseImageIds).length,
        () => undefined,
      );
      const hasKilledAll = killed === 0 || (killed === undefined && failedCommands >= maxFailedCommands);
      quietRounds = remaining === 0 && hasKilledAll ? quietRounds + 1 : 0;
      const timeoutMs = failedCommands < maxFailedCommands ? stopTimeoutMs.withCommands : stopTimeoutMs.withoutCommands;
      if (performance.now() - start > timeoutMs) {
        break;
      }
      await delay(250);
    }
    const canRunCommands = failedCommands < maxFailedCommands;
    if (canRunCommands) {
      await removeOwnContainers(podman, build);
    }
    if (canRunCommands && !build.hasReadContext) {
      await podman.transport.run(removeBrokenUploadsCommand, { timeoutMs: 10_000 });
    }
  } catch {
    // The node no longer responds, so nothing more can be done on it.
  }
}

/** Resolves with the number of killed processes, or undefined if the node refuses commands. */
async function killSteps(transport: Transport, mark: BuildMark): Promise<number | undefined> {
  try {
    const { stdout } = await transport.run(killCommand(mark), { timeoutMs: 10_000 });
    return Number(/(\d+)\s*$/.exec(stdout)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}

/**
 * The containers that most likely belong to this build. Once the build has made a layer, one of its containers is based on
 * that layer until the build ends. Before that, only the base images identify them, which other builds may share.
 */
function findOwnContainers(
  containers: readonly BuildContainer[],
  { containersBefore, output }: BuildToStop,
  baseImageIds: readonly string[],
): BuildContainer[] {
  const newContainers = containers.filter(({ id }) => !containersBefore.has(id));
  if (output.madeLayers.size > 0) {
    return newContainers.filter(({ imageId }) => isBasedOn(imageId, output.madeLayers));
  }
  return newContainers.filter(
    ({ imageId }) => imageId === '' || baseImageIds.includes(imageId) || output.cachedLayers.has(imageId),
  );
}

/** @param layers the first digits of ids */
function isBasedOn(imageId: string, layers: ReadonlySet<string>): boolean {
  return [...layers].some((layer) => imageId.startsWith(layer));
}

/**
 * Removes the containers that are based on layers of this build. A build container counts as mounted as long as it exists, so
 * removing it needs force. Containers on other images stay, because another build may be using them.
 */
async function removeOwnContainers(podman: EngineApi, { containersBefore, output }: BuildToStop): Promise<void> {
  const remaining = (await listBuildContainers(podman)).filter(
    ({ id, imageId }) => !containersBefore.has(id) && isBasedOn(imageId, output.madeLayers),
  );
  for (const { id } of remaining) {
    const body = await podman.openStream('remove a build container', {
      method: 'DELETE',
      path: `containers/${id}?force=true`,
    });
    body.resume();
  }
}

const idSchema = z.object({ Id: z.string() });

/** The ids of the named images that exist on the node. */
async function findImageIds(podman: EngineApi, names: readonly string[]): Promise<string[]> {
  const ids = await Promise.all(
    [...new Set(names)].map((name) =>
      podman
        .requestJson('inspect an image', idSchema, { method: 'GET', path: `images/${encodeURIComponent(name)}/json` })
        .then(({ Id }) => [Id])
        .catch(() => []),
    ),
  );
  return ids.flat();
}
