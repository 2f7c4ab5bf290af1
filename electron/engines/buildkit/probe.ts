import type { Node } from '../../../shared/node.ts';
import { type Platform, platformOf, platformParts, platformsRunBy } from '../../../shared/platform.ts';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { unusableEmulators } from '../binfmt.ts';
import {
  commandOutput,
  noteStorageFolder,
  readAvailableMemory,
  readLoad,
  unsupportedPlatformProblem,
} from '../machine-facts.ts';
import { readIdentity } from '../machine-identity.ts';
import { printPlatforms, readProcessor } from '../processor.ts';
import type { BuildKitDaemon } from './daemon.ts';
import type { GCPolicy, WorkerRecord } from './proto/control_pb.ts';

/** The label that a worker has with the name of its machine. */
const hostnameLabel = 'org.mobyproject.buildkit.worker.hostname';

/** More platforms than a worker has. */
const maxPlatforms = 100;

/** Prints what {@link readMachine} reads. The folder is the default one of a daemon that runs as root, or as this user. */
const printMachineCommand = `echo "kernel $(uname -m)"; echo "cpus $(nproc 2>/dev/null)"; grep -E '^MemTotal:' /proc/meminfo
  echo "system $(. /etc/os-release 2>/dev/null; echo "$PRETTY_NAME")"
  for folder in /var/lib/buildkit "\${XDG_DATA_HOME:-$HOME/.local/share}/buildkit"
  do if [ -d "$folder" ]; then echo "folder $folder"; echo "disk $(df -kP "$folder" | tail -n 1)"; break; fi; done`;

/**
 * Reads the facts about a daemon and its machine. What only commands on the node tell is missing if they cannot be run: its
 * processors, memory, disk, load and system.
 */
export async function probeDaemon(
  daemon: BuildKitDaemon,
  version: string,
  signal?: AbortSignal,
): Promise<Omit<Node, 'capabilities'>> {
  const { transport, node } = daemon.api;
  const [answer, printed, machineLines] = await Promise.all([
    daemon.call('report its workers', readAnswer, signal),
    printPlatforms(transport, signal),
    commandOutput(transport, printMachineCommand, signal),
  ]);
  const { worker, cacheBytes, latencyMs } = answer;
  const { kernel, folder, memoryTotal, ...machine } = readMachine(machineLines);
  const memoryFree = readAvailableMemory(printed);
  if (folder !== '') {
    noteStorageFolder(transport, folder);
  }
  const listed = platformsOf(worker);
  const platform = nativePlatform(listed, kernel);
  if (!platform) {
    throw unsupportedPlatformProblem(node, 'an unknown platform');
  }
  const hostname = sanitizeLine(worker?.labels[hostnameLabel] ?? '', 64) || node;
  const processor = { ...listedVariant(listed, platform), ...readProcessor(printed, platform) };
  const emulated = emulatedPlatforms(listed, platform);
  const limit = cacheLimit(worker?.gcPolicy ?? []);
  return {
    connection: node,
    engine: 'buildkit',
    version,
    apiVersion: version,
    hostname,
    ...rightsOf(transport.socketPath),
    platform,
    processor,
    emulated,
    ...unusableEmulators(printed, { platform, processor, emulated }),
    ...machine,
    ...(memoryTotal > 0 && memoryFree !== undefined ? { memory: { total: memoryTotal, free: memoryFree } } : {}),
    ...readLoad(printed),
    buildCache: { size: cacheBytes, ...(limit === undefined ? {} : { limit }) },
    latencyMs,
    ...readIdentity(printed, { engine: 'buildkit', hostname, storage: worker?.id ?? '', id: worker?.id }),
  };
}

interface Answer {
  /** The first worker builds, unless a build asks for another one. */
  readonly worker: WorkerRecord | undefined;
  readonly cacheBytes: number;
  readonly latencyMs: number;
}

async function readAnswer(
  ...[{ control }, options]: Parameters<Parameters<BuildKitDaemon['call']>[1]>
): Promise<Answer> {
  const { record: workers } = await control.listWorkers({}, options);
  const start = performance.now();
  await control.info({}, options);
  const latencyMs = Math.round((performance.now() - start) * 10) / 10;
  const { record: records } = await control.diskUsage({}, options);
  return { worker: workers[0], cacheBytes: records.reduce((sum, { size }) => sum + Number(size), 0), latencyMs };
}

interface Machine extends Pick<Node, 'cpus' | 'disk' | 'distribution'> {
  readonly kernel: string;
  /** Where the daemon stores its data. Empty if that is not known. */
  readonly folder: string;
  /** In bytes. */
  readonly memoryTotal: number;
}

function readMachine(printed: string): Machine {
  const factOf = (pattern: RegExp): string => pattern.exec(printed)?.[1]?.trim() ?? '';
  const kilobytes = (text: string): number => (Number(text) || 0) * 1024;
  const cpus = Number(factOf(/^cpus (\d{1,6})$/m));
  const [, size = '', , available = ''] = factOf(/^disk (.{1,500})$/m).split(/\s+/);
  const system = sanitizeLine(factOf(/^system (.{1,200})$/m), 64);
  return {
    kernel: factOf(/^kernel (\S{1,64})$/m),
    folder: factOf(/^folder (\/.{1,500})$/m),
    memoryTotal: kilobytes(factOf(/^MemTotal:\s+(\d+) kB$/m)),
    ...(cpus > 0 ? { cpus } : {}),
    ...(kilobytes(size) > 0 ? { disk: { total: kilobytes(size), free: kilobytes(available) } } : {}),
    ...(system === '' ? {} : { distribution: system }),
  };
}

function platformsOf(worker: WorkerRecord | undefined): Platform[] {
  const named = (worker?.platforms ?? [])
    .slice(0, maxPlatforms)
    .map(({ os, architecture, variant }) => platformOf({ os, architecture, ...(variant ? { variant } : {}) }));
  return [...new Set(named.filter((platform) => platform !== undefined))];
}

/**
 * A daemon lists its own platform first, unless its configuration sets the platforms. The kernel's name of its machine is right
 * in any case.
 */
function nativePlatform(listed: readonly Platform[], kernel: string): Platform | undefined {
  const own = platformOf({ os: 'linux', architecture: kernel });
  const isOwn = (platform: Platform): boolean =>
    own !== undefined && platformParts(platform).architecture === platformParts(own).architecture;
  return listed.find(isOwn) ?? listed[0];
}

/** The highest variant of its own architecture that a daemon lists. */
function listedVariant(listed: readonly Platform[], native: Platform): NonNullable<Node['processor']> {
  const { architecture } = platformParts(native);
  const own = listed.map(platformParts).filter((parts) => parts.architecture === architecture);
  const variant = own
    .flatMap((parts) => parts.variant ?? [])
    .sort()
    .at(-1);
  return variant === undefined ? {} : { variant };
}

/** The other architectures that a daemon has found out that it can run: those of which its own does not run the programs. */
function emulatedPlatforms(listed: readonly Platform[], native: Platform): Platform[] {
  const { architecture } = platformParts(native);
  const runsItself = new Set(platformsRunBy(native, true));
  return listed.filter(
    (platform) => !runsItself.has(platform) && platformParts(platform).architecture !== architecture,
  );
}

/** The size that the cache is kept below by itself. The last policy is the most drastic. */
function cacheLimit(policies: readonly GCPolicy[]): number | undefined {
  const last = policies.findLast(({ all }) => all) ?? policies.at(-1);
  const limit = Number(last?.maxUsedSpace || last?.reservedSpace || 0);
  return limit > 0 ? limit : undefined;
}

function rightsOf(socketPath: string): Pick<Node, 'rootless'> {
  return socketPath.startsWith('/run/user/')
    ? { rootless: true }
    : socketPath.startsWith('/run/')
      ? { rootless: false }
      : {};
}
