import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../shared/problem.ts';
import { shellQuote } from '../../system/shell-quote.ts';
import type { EngineApi } from '../api/engine-api.ts';
import type { Transport } from '../transport/transport.ts';
import type { PodmanBuildOutput } from './build-output.ts';

/**
 * Identifies the processes and containers of a build on its node, so that they can be ended. Closing the request of a build ends
 * what podman itself does (pulls, copies), but not the program of a RUN step: that runs to its end, and the build's containers
 * stay until then (podman 4.3.1 and 5.4.2). The mark is the size of /dev/shm in the build's containers: it is neither in the image
 * nor in the cache key, every process of a container shows it in its mountinfo, and buildah writes it into the container's
 * folder. With `isolation=chroot` (podman in an unprivileged container) steps have no /dev/shm of their own, and Barnraiser can
 * only wait for them to end.
 */
export interface BuildMark {
  /** The query parameter of the build, in bytes. */
  readonly shmSize: number;
  /**
   * The mark of a build whose steps have a /dev/shm of a size that was asked for: their limit of time without a pause, which is so
   * long that it means nothing. In microseconds.
   */
  readonly rttime: number;
}

/** Builds get 64 MiB by default, so no step gets less. */
const minShmBytes = 64 * 1024 * 1024;
/**
 * The kernel counts in pages of up to 64 KiB, and takes no memory for what is not used. podman on a 32-bit processor reads 31 bits;
 * pages have 4 KiB there. So two builds out of a hundred at once have the same mark once in 400,000 times, or in 100 there.
 */
const wideMarks = { count: 2 ** 31, stepBytes: 64 * 1024 };
const narrowMarks = { count: 500_000, stepBytes: 4 * 1024 };

/** The limit is a number of 32 bits on some processors: half an hour and more of computing without a pause in real time. */
const minRttime = 2 ** 31;

const versionSchema = z.object({ Arch: z.string() });
const narrowArchitectures = /^(?:arm|386|mips|mipsle)$/;

/**
 * The mark of a build on this podman: the same for the same id.
 * @param architecture that of podman if it is known. To ask podman for it takes it long.
 */
export async function markOf(podman: EngineApi, buildId: string, architecture?: string): Promise<BuildMark> {
  const { Arch } =
    architecture === undefined
      ? await podman
          .requestJson('report its version', versionSchema, { method: 'GET', path: 'version' })
          .catch(() => ({ Arch: '' }))
      : { Arch: architecture };
  const { count, stepBytes } = narrowArchitectures.test(Arch) ? narrowMarks : wideMarks;
  const number = createHash('sha256').update(buildId).digest().readUInt32BE();
  return { shmSize: minShmBytes + ((number % count) + 1) * stepBytes, rttime: minRttime + (number % 2 ** 31) };
}

const storageSchema = z.object({ store: z.object({ graphRoot: z.string() }) });

/** The folder of podman's storage. Undefined if podman does not say it: then the default folders are searched. */
async function findStorage(podman: EngineApi): Promise<string | undefined> {
  return podman
    .requestJson('report its system information', storageSchema, { method: 'GET', path: 'info' })
    .then(({ store }) => store.graphRoot)
    .catch(() => undefined);
}

/**
 * A shell command that kills the processes with a mark and prints how many it killed, and the ids of the containers with the mark.
 * busybox can run it.
 */
export function killCommand({ shmSize, rttime }: BuildMark, storage = ''): string {
  const mountPattern = ` /dev/shm .*[ ,]size=${shmSize / 1024}k(,|$)`;
  const limitPattern = `^Max realtime timeout +${rttime} `;
  return `n=0
    for file in $(grep -lsE '${mountPattern}' /proc/[0-9]*/mountinfo; grep -lsE '${limitPattern}' /proc/[0-9]*/limits); do
      pid=\${file#/proc/}
      kill -9 "\${pid%/*}" && n=$((n + 1))
    done
    for root in ${shellQuote(storage)} /var/lib/containers/storage "$HOME/.local/share/containers/storage"; do
      [ -n "$root" ] && for file in "$root"/*-containers/*/userdata/buildah.json; do
        grep -qsE '"ShmSize":"${shmSize}"|"rttime=${rttime}:' "$file" && folder=\${file%/userdata/*} && echo "container \${folder##*/}"
      done
    done
    echo "killed $n"`;
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

/**
 * A podman service that is killed leaves the contexts of its builds. This command removes those that are older than every podman that
 * runs. A process shows its start in hundredths of a second since the start of the system. busybox can run it.
 */
export const removeContextsOfKilledServicesCommand = `oldest=
  boot=$(sed -n 's/^btime //p' /proc/stat)
  for file in $(grep -lsx podman /proc/[0-9]*/comm); do
    set -- $(sed 's/.*) //' "\${file%comm}stat" 2>/dev/null)
    start=$((boot + \${20:-0} / 100))
    if [ -z "$oldest" ] || [ "$start" -lt "$oldest" ]; then oldest=$start; fi
  done
  for folder in /var/tmp/libpod_builder*; do
    if [ -n "$oldest" ] && [ -d "$folder" ] && [ ! -L "$folder" ] && [ -O "$folder" ] &&
      [ "$(stat -c %Z "$folder")" -lt "$((oldest - 1))" ]; then
      rm -rf "$folder"
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

/** How often podman is asked again for its containers or images, and how long after, in milliseconds. */
export const listRetries = { count: 10, delayMs: 100 };

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
  /** podman may have started the build: it has got the whole context. */
  readonly mayRun: boolean;
  /** podman has reported the end of the build. */
  readonly hasEnded: boolean;
}

/** Milliseconds until Barnraiser stops waiting for podman: enough for an emulated node, short enough for a person who waits. */
const stopTimeoutMs = { withCommands: 30_000, withoutCommands: 10_000 };
/**
 * A step may start while the previous one is being killed, so the node must be quiet in this many rounds in a row. A build that may
 * run although podman has reported nothing of it yet may still create its first container.
 */
const quietRounds = { ended: 1, usually: 2, unseen: 8 };
/** How long podman may take to end a build whose steps are killed, before its request is closed. In milliseconds. */
const endTimeoutMs = 5_000;
const roundMs = 250;
/** A podman that is killed and started again never removes the containers: they are removed when nothing has changed for so long. */
const stillTimeoutMs = 8_000;
/** After this many failures in a row the node refuses commands. A single one may have timed out on a busy node. */
const maxFailedCommands = 2;

/** What is left of a build on its node. */
interface Leftovers {
  /** How many processes were just killed. */
  readonly killed: number;
  readonly containers: readonly string[];
}

/**
 * Kills the programs of a build's steps until podman, for which the steps have failed, has ended the build. The request stays open
 * meanwhile: what podman has just begun when its request is closed, it may finish unnoticed and never clean up (4.3.1 and 5.4.2).
 *
 * @param ended aborts when the request has ended
 */
export async function endSteps(podman: EngineApi, mark: BuildMark, ended: AbortSignal): Promise<void> {
  const { transport } = podman;
  const refused = new AbortController();
  // a command that waits until the request is closed would wait for the end of the step
  const timer = setInterval(() => transport.isSaturated() && refused.abort(), roundMs);
  const signal = AbortSignal.any([ended, refused.signal, AbortSignal.timeout(endTimeoutMs)]);
  try {
    for (let failedCommands = 0; !signal.aborted && failedCommands < maxFailedCommands; ) {
      const leftovers = await killSteps(transport, mark, { signal });
      failedCommands = leftovers ? 0 : failedCommands + 1;
      await delay(leftovers ? roundMs : 0, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(timer);
  }
}

/**
 * Stops a build whose request is closed: kills the programs of its steps, waits until podman has stopped working on it, and
 * removes the containers that remain. Never throws, because the build is cancelled either way.
 */
export async function stopBuild(podman: EngineApi, build: BuildToStop): Promise<void> {
  try {
    const { hasEnded, mayRun, output } = build;
    const isUnseen = mayRun && output.step === undefined;
    const required = hasEnded ? quietRounds.ended : isUnseen ? quietRounds.unseen : quietRounds.usually;
    const leftovers = await endBuild(podman, build.mark, required, async () => {
      // the node refuses commands
      const baseImageIds = await findImageIds(podman, build.output.baseImages);
      return findOwnContainers(await listBuildContainers(podman), build, baseImageIds).map(({ id }) => id);
    });
    if (leftovers && !build.hasReadContext) {
      await podman.transport.run(removeBrokenUploadsCommand, { timeoutMs: 10_000 });
    }
  } catch {
    // The node no longer responds, so nothing more can be done on it.
  }
}

/**
 * Ends what is left of a build whose process was killed or lost the node: programs of its steps, containers, and contexts that podman
 * does not use.
 *
 * @returns whether nothing is left: false if the node refuses commands
 * @throws Failure if containers cannot be removed
 */
export async function endKilledBuild(podman: EngineApi, buildId: string): Promise<boolean> {
  const leftovers = await endBuild(podman, await markOf(podman, buildId), quietRounds.usually, async () => []);
  if (leftovers) {
    const command = `${removeBrokenUploadsCommand}\n${removeContextsOfKilledServicesCommand}`;
    await podman.transport.run(command, { timeoutMs: 10_000 });
  }
  return leftovers !== undefined;
}

/**
 * Kills the programs of a build's steps until none is left and podman has removed the containers. Removes those that remain.
 *
 * @param requiredQuietRounds how often in a row nothing must be found
 * @param guessContainers finds the containers if the node refuses commands
 * @returns what was left before the containers were removed; undefined if the node refuses commands
 */
async function endBuild(
  podman: EngineApi,
  mark: BuildMark,
  requiredQuietRounds: number,
  guessContainers: () => Promise<readonly string[]>,
): Promise<Leftovers | undefined> {
  const { transport } = podman;
  const storage = await findStorage(podman);
  let failedCommands = 0;
  let quietCount = 0;
  let leftovers: Leftovers | undefined;
  const start = performance.now();
  let changed = { atMs: start, containers: '' };
  while (!transport.lost.aborted) {
    const isRefused = failedCommands >= maxFailedCommands;
    leftovers = isRefused ? undefined : await killSteps(transport, mark, { storage });
    failedCommands = leftovers ? 0 : failedCommands + 1;
    const containers = leftovers?.containers ?? (await guessContainers().catch(() => undefined));
    const hasKilledAll = leftovers ? leftovers.killed === 0 : failedCommands >= maxFailedCommands;
    quietCount = containers?.length === 0 && hasKilledAll ? quietCount + 1 : 0;
    const timeoutMs = failedCommands < maxFailedCommands ? stopTimeoutMs.withCommands : stopTimeoutMs.withoutCommands;
    const now = performance.now();
    const found = [...(containers ?? [])].sort().join();
    if (!hasKilledAll || containers === undefined || found !== changed.containers) {
      changed = { atMs: now, containers: found };
    }
    const isStill = found !== '' && now - changed.atMs > stillTimeoutMs;
    if (quietCount >= requiredQuietRounds || isStill || now - start > timeoutMs) {
      break;
    }
    await delay(roundMs);
  }
  // a build container counts as mounted as long as it exists, so removing it needs force
  for (const id of leftovers?.containers ?? []) {
    const path = `containers/${id}?force=true`;
    (await podman.openStream('remove a build container', { method: 'DELETE', path })).resume();
  }
  return leftovers;
}

/** Undefined if the node refuses commands. */
async function killSteps(
  transport: Transport,
  mark: BuildMark,
  { storage, signal }: { readonly storage?: string | undefined; readonly signal?: AbortSignal },
): Promise<Leftovers | undefined> {
  try {
    const { stdout } = await transport.run(killCommand(mark, storage), {
      timeoutMs: 10_000,
      ...(signal ? { signal } : {}),
    });
    const containers = [...stdout.matchAll(/^container ([0-9a-f]{64})$/gm)].map(([, id = '']) => id);
    return { killed: Number(/^killed (\d+)$/m.exec(stdout)?.[1] ?? 0), containers: [...new Set(containers)] };
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
