import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { EngineApi } from '../engine-api.ts';
import type { Transport } from '../transport/transport.ts';
import type { BuildOutput } from './build-output.ts';

/**
 * Closing the request of a build ends what podman itself does (pulls, copies), but not the program of a RUN step: that runs
 * to its end, and the build's containers stay until then (podman 4.3.1 and 5.4.2). So every build is given a mark by
 * which its programs are found: the size of their /dev/shm, which is neither in the image nor in the cache's key, and which
 * every process of a container shows in its mountinfo. With `isolation=chroot` (podman in an unprivileged container) steps
 * have no /dev/shm of their own: there only waiting is left.
 */
export interface BuildMark {
  /** For the query of the build, in bytes. */
  readonly shmSize: number;
}

const marks = 4095;
let lastMark = randomInt(marks);

/** A mark that no other build of this program has; those of other programs on the same node differ most likely. */
export function nextMark(): BuildMark {
  lastMark = (lastMark + 1) % marks;
  // 64 MiB is what a build gets by default, so that no step gets less; the kernel counts in pages of up to 64 KiB
  return { shmSize: 64 * 1024 * 1024 + (lastMark + 1) * 64 * 1024 };
}

/** Kills the processes that carry a mark and prints how many. Needs no more than busybox has. */
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
 * podman 4 keeps a context in /var/tmp when its upload breaks off. What no process holds open and nobody has unpacked is
 * such a rest: while an upload is under way, and until it is unpacked, podman holds it open.
 */
export const removeBrokenUploads = `for file in /var/tmp/libpod_builder*/tarBall; do
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
  /** The image that it stands on; empty for `FROM scratch`. */
  readonly image: string;
}

/** The containers that builds work in, of anybody. */
export async function buildContainers(podman: EngineApi, signal?: AbortSignal): Promise<BuildContainer[]> {
  const list = await podman.ask('list its containers', containersSchema, {
    method: 'GET',
    path: 'containers/json?external=true&all=true',
    ...(signal ? { signal } : {}),
  });
  return (list ?? [])
    .filter(({ Command }) => Command?.[0] === 'buildah')
    .map(({ Id, ImageID }) => ({ id: Id, image: ImageID ?? '' }));
}

export interface BuildTraces {
  readonly mark: BuildMark;
  /** Build containers that were there before the build. */
  readonly before: ReadonlySet<string>;
  /** What the build has said so far. */
  readonly output: BuildOutput;
  /** Has podman read the whole context? */
  readonly contextRead: boolean;
}

/** Milliseconds that podman gets to give up a build: long enough for an emulated node, and nobody watches a cancel for longer. */
const patience = { withCommands: 30_000, withoutCommands: 10_000 };
/** A step may start while the last one is being killed, so nothing must be seen twice. */
const quietRounds = 2;
/** How often in a row commands must fail to count as refused: on a busy node one may just have taken too long. */
const refusals = 2;

/**
 * Waits until podman has stopped working on a build whose request is closed, killing what its steps run, and removes
 * what stays nevertheless. Never fails: a cancelled build is cancelled, whatever the node still does.
 */
export async function stopBuild(podman: EngineApi, traces: BuildTraces): Promise<void> {
  try {
    const bases = await basesOf(podman, traces.output.bases);
    let failed = 0;
    let quiet = 0;
    const start = performance.now();
    const { transport } = podman;
    while (quiet < quietRounds && !transport.lost.aborted) {
      const killed = failed < refusals ? await kill(transport, traces.mark) : undefined;
      failed = killed === undefined ? failed + 1 : 0;
      // podman 4.3 may stumble over a container that goes away while it lists them: then nobody knows what is left
      const left = await buildContainers(podman).then(
        (containers) => ours(containers, traces, bases).length,
        () => undefined,
      );
      const isSilent = killed === 0 || (killed === undefined && failed >= refusals);
      quiet = left === 0 && isSilent ? quiet + 1 : 0;
      if (performance.now() - start > (failed < refusals ? patience.withCommands : patience.withoutCommands)) {
        break;
      }
      await delay(250);
    }
    const commands = failed < refusals;
    if (commands) {
      await removeMade(podman, traces);
    }
    if (commands && !traces.contextRead) {
      await podman.transport.run(removeBrokenUploads, { timeoutMs: 10_000 });
    }
  } catch {
    // the node cannot be asked any more, so nothing more can be done on it
  }
}

/** How many processes were killed, or undefined where commands are refused. */
async function kill(transport: Transport, mark: BuildMark): Promise<number | undefined> {
  try {
    const { stdout } = await transport.run(killCommand(mark), { timeoutMs: 10_000 });
    return Number(/(\d+)\s*$/.exec(stdout)?.[1] ?? 0);
  } catch {
    return undefined;
  }
}

/**
 * The containers that are most likely this build's. As soon as it has made a layer, one of them stands on that until the
 * build ends; before, only what it started from can tell, which others may start from, too.
 */
function ours(
  containers: readonly BuildContainer[],
  { before, output }: BuildTraces,
  bases: readonly string[],
): BuildContainer[] {
  const young = containers.filter(({ id }) => !before.has(id));
  if (output.made.size > 0) {
    return young.filter(({ image }) => standsOn(image, output.made));
  }
  return young.filter(({ image }) => image === '' || bases.includes(image) || output.found.has(image));
}

/** `layers` holds the first digits of ids. */
function standsOn(image: string, layers: ReadonlySet<string>): boolean {
  return [...layers].some((layer) => image.startsWith(layer));
}

/**
 * Removes containers on layers that this very build has made. Force is needed, since a build container counts as mounted for
 * as long as it exists; so those on any other image are left alone, which somebody else may be building from.
 */
async function removeMade(podman: EngineApi, { before, output }: BuildTraces): Promise<void> {
  const left = (await buildContainers(podman)).filter(
    ({ id, image }) => !before.has(id) && standsOn(image, output.made),
  );
  for (const { id } of left) {
    const body = await podman.open('remove a build container', {
      method: 'DELETE',
      path: `containers/${id}?force=true`,
    });
    body.resume();
  }
}

const idSchema = z.object({ Id: z.string() });

/** The ids of the images that the build started from, as far as they are images and there. */
async function basesOf(podman: EngineApi, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    [...new Set(names)].map((name) =>
      podman
        .ask('look at an image', idSchema, { method: 'GET', path: `images/${encodeURIComponent(name)}/json` })
        .then(({ Id }) => [Id])
        .catch(() => []),
    ),
  );
  return found.flat();
}
