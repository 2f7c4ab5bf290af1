/** What is said of emulation: what it costs, and what a machine lacks for it. */
import { z } from 'zod';
import { formatPlatform } from './format.ts';
import { type Platform, platformParts, platformSchema } from './platform.ts';

/**
 * An emulator that is registered with a node's kernel, but not usable in containers: `no-flag-f`: the kernel looks for it inside
 * the container; `disabled`: its handler is disabled; `off`: all handlers are.
 */
export const unusableEmulatorSchema = z.object({
  platform: platformSchema,
  /** The name of the kernel's handler. */
  handler: z.string(),
  reason: z.enum(['no-flag-f', 'disabled', 'off']),
});
export type UnusableEmulator = Readonly<z.infer<typeof unusableEmulatorSchema>>;

/** What commands on a node depend on. */
interface CommandNode {
  readonly engine: 'podman' | 'docker' | 'buildkit';
  readonly rootless?: boolean | undefined;
}

/** Completes the name of a node: `has an emulator for linux/arm64, but …`. */
export function unusableEmulatorText({ platform, reason }: UnusableEmulator): string {
  const start = `has an emulator for ${platform}, but`;
  switch (reason) {
    case 'no-flag-f':
      return `${start} containers cannot use it: it is registered without flag F`;
    case 'disabled':
      return `${start} it is disabled`;
    case 'off':
      return `${start} binfmt_misc is off in its kernel`;
  }
}

const binfmtFolder = '/proc/sys/fs/binfmt_misc';

/** The command, to be run on the node, that makes an emulator usable until its machine is restarted. */
export function emulatorFixCommand(node: CommandNode, { platform, handler, reason }: UnusableEmulator): string {
  switch (reason) {
    case 'no-flag-f':
      // a handler cannot be changed, and its name is in use until it is removed
      return installEmulatorCommand(node, platform, `--uninstall ${handler} `);
    case 'disabled':
      return `echo 1 | ${rootPrefix(node) || 'sudo '}tee ${binfmtFolder}/${handler}`;
    case 'off':
      return `echo 1 | ${rootPrefix(node) || 'sudo '}tee ${binfmtFolder}/status`;
  }
}

/** The command, to be run on the node, that installs an emulator until its machine is restarted. */
export function installEmulatorCommand(node: CommandNode, platform: Platform, before = ''): string {
  // BuildKit itself runs no containers for people
  const program = node.engine === 'buildkit' ? 'docker' : node.engine;
  const { architecture } = platformParts(platform);
  return `${rootPrefix(node)}${program} run --privileged --rm docker.io/tonistiigi/binfmt ${before}--install ${architecture}`;
}

/** Only root may register an emulator with the kernel. */
function rootPrefix({ rootless }: CommandNode): string {
  return rootless ? 'sudo ' : '';
}

/** Whether tonistiigi/binfmt has an emulator. */
export function canInstallEmulator(platform: Platform): boolean {
  const { os, architecture } = platformParts(platform);
  return os === 'linux' && emulatedArchitectures.has(architecture);
}

const emulatedArchitectures = new Set('386 amd64 arm arm64 loong64 mips64 mips64le ppc64le riscv64 s390x'.split(' '));

/** How many times longer an emulated job takes than a native one, as a rule. */
export const usualEmulationFactor = 10;

/** How long a job of a project took that did work, and what it was made of. Older versions recorded only the time. */
export const jobTimeSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  mode: z.enum(['native', 'emulated']),
  /** In milliseconds, with `transferMs`, without waiting for a slot. */
  ms: z.number(),
  /** When it ended (ISO 8601). */
  at: z.string().optional(),
  /** How many steps it had, and how many of them were in the cache of its node. None: it was cold. */
  steps: z.number().optional(),
  cachedSteps: z.number().optional(),
  /** Bytes of the context that went to the node, and of the image that came from it. */
  sentBytes: z.number().optional(),
  receivedBytes: z.number().optional(),
  /** How long it took to send the context and to fetch the image, in milliseconds. */
  transferMs: z.number().optional(),
  /** How many other jobs of its build ran on its node at the same time. */
  alongside: z.number().optional(),
});
export type JobTime = Readonly<z.infer<typeof jobTimeSchema>>;

/** A platform that a build emulates, and what is known of the time that it takes. */
export const emulationSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  /** Of this project on this node, emulated, in milliseconds. Missing if it was not built there yet. */
  lastMs: z.number().optional(),
  /** The fastest native job of the project for this platform. `isUsable`: its node is up and among those of the build. */
  native: z.object({ node: z.string(), ms: z.number(), isUsable: z.boolean() }).optional(),
  /** A native job of the project for another platform, where nothing is known of this one. */
  other: z.object({ platform: platformSchema, node: z.string(), ms: z.number() }).optional(),
});
export type Emulation = Readonly<z.infer<typeof emulationSchema>>;

/**
 * What is known of the platforms that are emulated.
 * @param times newest first. @param usable the connections of the nodes that can build
 */
export function describeEmulation(
  assignments: readonly { readonly platform: Platform; readonly node: string; readonly mode: 'native' | 'emulated' }[],
  times: readonly JobTime[],
  usable: readonly string[],
): Emulation[] {
  const newest = times.filter(
    (time, index) =>
      times.findIndex(({ platform, node }) => platform === time.platform && node === time.node) === index,
  );
  const native = newest.filter(({ mode }) => mode === 'native');
  return assignments
    .filter(({ mode }) => mode === 'emulated')
    .map(({ platform, node }) => {
      const last = times.find((time) => time.platform === platform && time.node === node && time.mode === 'emulated');
      const best = native.filter((time) => time.platform === platform).sort((one, other) => one.ms - other.ms)[0];
      const other = last || best ? undefined : (native.find((time) => time.node === node) ?? native[0]);
      return {
        platform,
        node,
        ...(last ? { lastMs: last.ms } : {}),
        ...(best ? { native: { node: best.node, ms: best.ms, isUsable: usable.includes(best.node) } } : {}),
        ...(other ? { other: { platform: other.platform, node: other.node, ms: other.ms } } : {}),
      };
    });
}

/** `linux/arm64 runs emulated on big: 7 min 10 s last time. It took 40 s natively on pi4.` */
export function emulationText(emulation: Emulation): string {
  const cost = emulationCostText(emulation);
  return `${emulation.platform} runs emulated on ${emulation.node}: ${cost.charAt(0).toLowerCase()}${cost.slice(1)}`;
}

/** `7 min 10 s last time. It took 40 s natively on pi4.` */
export function emulationCostText({ lastMs, native, other }: Emulation): string {
  const away = native && !native.isUsable ? ', which is not available now' : '';
  return [
    lastMs === undefined ? 'Often about ten times slower.' : `${formatTime(lastMs)} last time.`,
    ...(native ? [`It took ${formatTime(native.ms)} natively on ${native.node}${away}.`] : []),
    ...(other ? [`${formatPlatform(other.platform)} took ${formatTime(other.ms)} natively on ${other.node}.`] : []),
  ].join(' ');
}

/** `40 s`, `7 min 10 s`, `1 h 4 min`: a time in a sentence. At least a second. */
export function formatTime(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) {
    return [`${Math.floor(minutes / 60)} h`, ...(minutes % 60 > 0 ? [`${minutes % 60} min`] : [])].join(' ');
  }
  return [...(minutes > 0 ? [`${minutes} min`] : []), ...(seconds % 60 > 0 ? [`${seconds % 60} s`] : [])].join(' ');
}
