import { z } from 'zod';
import type { Node } from '../../../shared/node.ts';
import { type Platform, parsePlatform, platformOf } from '../../../shared/platform.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { emulatedPlatforms, unusableEmulators } from '../binfmt.ts';
import {
  commandOutput,
  foreignLineSchema,
  measureDiskSpace,
  measureLatency,
  noteStorageFolder,
  readAvailableMemory,
  readLoad,
  unsupportedPlatformProblem,
} from '../machine-facts.ts';
import { readIdentity } from '../machine-identity.ts';
import { printPlatforms, readProcessor } from '../processor.ts';
import type { Transport } from '../transport/transport.ts';

/** The fields of `GET info` that are used. podman reports `variant` from 4.8 and `emulatedArchitectures` from 5.6. */
const infoSchema = z.object({
  host: z.object({
    os: foreignLineSchema,
    arch: foreignLineSchema,
    variant: foreignLineSchema.optional(),
    emulatedArchitectures: z.array(z.string()).nullish(),
    hostname: foreignLineSchema,
    distribution: z
      .object({ distribution: foreignLineSchema.optional(), version: foreignLineSchema.optional() })
      .optional(),
    security: z.object({ rootless: z.boolean() }),
    cpus: z.number(),
    memTotal: z.number(),
    memFree: z.number(),
  }),
  store: z.object({
    graphRoot: z.string(),
    graphRootAllocated: z.number().optional(),
    graphRootUsed: z.number().optional(),
  }),
  version: z.object({ Version: foreignLineSchema }),
});
type Info = z.infer<typeof infoSchema>;

/** Where podman unpacks contexts, unless its service has another TMPDIR. */
const temporaryFolder = '/var/tmp';

/** Reads the facts about podman and its machine. Before podman 5.6, emulated platforms are unknown if the node refuses commands. */
export async function probeNode(
  podman: EngineApi,
  apiVersion: string,
  signal?: AbortSignal,
): Promise<Omit<Node, 'capabilities'>> {
  const [latencyMs, info, printed, temporaryFiles] = await Promise.all([
    measureLatency(podman, signal),
    podman.requestJson('report its system information', infoSchema, {
      method: 'GET',
      path: 'info',
      ...(signal ? { signal } : {}),
    }),
    printPlatforms(podman.transport, signal),
    measureDiskSpace(podman.transport, temporaryFolder, signal),
  ]);
  const { host } = info;
  noteStorageFolder(podman.transport, info.store.graphRoot);
  const [platform, imageDisk] = await Promise.all([
    readPlatform(podman, info, signal),
    readDiskSpace(podman.transport, info, signal),
  ]);
  const isSameDisk = temporaryFiles.total === imageDisk?.total;
  // podman also counts what only root may use as free
  const disk = isSameDisk ? temporaryFiles : imageDisk;
  const reported = host.emulatedArchitectures
    ? host.emulatedArchitectures.map(parsePlatform).filter((name) => name !== undefined)
    : emulatedPlatforms(printed);
  const emulated = [...new Set(reported)].filter((name) => name !== platform);
  const processor = readProcessor(printed, platform);
  const distribution = [host.distribution?.distribution, host.distribution?.version].filter(Boolean).join(' ');
  return {
    connection: podman.node,
    engine: 'podman',
    version: info.version.Version,
    apiVersion,
    hostname: host.hostname,
    ...(distribution === '' ? {} : { distribution }),
    rootless: host.security.rootless,
    platform,
    processor,
    emulated,
    ...unusableEmulators(printed, { platform, processor, emulated }),
    cpus: host.cpus,
    ...readLoad(printed),
    memory: { total: host.memTotal, free: readAvailableMemory(printed) ?? host.memFree },
    disk,
    ...(isSameDisk || temporaryFiles.total === 0 ? {} : { temporary: temporaryFiles }),
    latencyMs,
    ...readIdentity(printed, { engine: 'podman', hostname: host.hostname, storage: info.store.graphRoot }),
  };
}

/**
 * podman before 4.8 reports "arm" for all arm variants, so the variant is read from the kernel. Newer ones report `v8` for a
 * 32-bit engine on an ARMv8 processor, whose programs are those for v7.
 */
async function readPlatform(podman: EngineApi, { host }: Info, signal?: AbortSignal): Promise<Platform> {
  const machine =
    host.arch === 'arm' && !host.variant ? (await commandOutput(podman.transport, 'uname -m', signal)).trim() : '';
  const platform =
    (machine.startsWith('armv') ? platformOf({ os: host.os, architecture: machine }) : undefined) ??
    platformOf({ os: host.os, architecture: host.arch, ...(host.variant ? { variant: host.variant } : {}) });
  if (!platform) {
    throw unsupportedPlatformProblem(podman.node, `${host.os}/${host.arch}`);
  }
  return platform;
}

/** The size and free space of the image storage, in bytes. podman before 4.3 does not report them, so `df` does. */
async function readDiskSpace(transport: Transport, { store }: Info, signal?: AbortSignal): Promise<Node['disk']> {
  if (store.graphRootAllocated) {
    return { total: store.graphRootAllocated, free: store.graphRootAllocated - (store.graphRootUsed ?? 0) };
  }
  return measureDiskSpace(transport, store.graphRoot, signal);
}
