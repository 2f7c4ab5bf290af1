import { z } from 'zod';
import type { Node } from '../../../shared/node.ts';
import { type Platform, platformOf, platformParts } from '../../../shared/platform.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { emulatedPlatforms, unusableEmulators } from '../binfmt.ts';
import {
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

/** The fields of `GET /info` that are used. Memory is in bytes. */
const infoSchema = z.object({
  ID: z.string().nullish(),
  ServerVersion: foreignLineSchema,
  OSType: foreignLineSchema,
  Architecture: foreignLineSchema,
  Name: foreignLineSchema,
  OperatingSystem: foreignLineSchema.nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
  NCPU: z.number(),
  MemTotal: z.number(),
  DockerRootDir: z.string(),
  DriverStatus: z.array(z.array(z.string())).nullish().catch(undefined),
});

/** The fields of `GET /version` that are used. `Arch` is what docker was built for. */
const versionSchema = z.object({ Arch: foreignLineSchema.optional() });

/**
 * Reads the facts about docker and its machine. Free memory, disk space and emulated platforms come from commands on the node.
 * If the node refuses commands, all memory counts as free, the disk space as unknown, and no platform as emulated.
 */
export async function probeNode(
  docker: EngineApi,
  apiVersion: string,
  signal?: AbortSignal,
): Promise<Omit<Node, 'capabilities'>> {
  const [latencyMs, info, { Arch }, printed] = await Promise.all([
    measureLatency(docker, signal),
    docker.requestJson('report its system information', infoSchema, {
      method: 'GET',
      path: 'info',
      ...(signal ? { signal } : {}),
    }),
    docker.requestJson('report its version', versionSchema, {
      method: 'GET',
      path: 'version',
      ...(signal ? { signal } : {}),
    }),
    printPlatforms(docker.transport, signal),
  ]);
  const platform = enginePlatform(info.OSType, info.Architecture, Arch);
  if (!platform) {
    throw unsupportedPlatformProblem(docker.node, `${info.OSType}/${info.Architecture}`);
  }
  noteStorageFolder(docker.transport, info.DockerRootDir);
  const processor = readProcessor(printed, platform);
  const emulated = [...new Set(emulatedPlatforms(printed))].filter((name) => name !== platform);
  return {
    connection: docker.node,
    engine: 'docker',
    ...((info.DriverStatus ?? []).some(([, value]) => value?.startsWith('io.containerd.snapshotter'))
      ? { storesInContainerd: true }
      : {}),
    version: info.ServerVersion,
    apiVersion,
    hostname: info.Name,
    ...(info.OperatingSystem ? { distribution: info.OperatingSystem } : {}),
    rootless: (info.SecurityOptions ?? []).includes('name=rootless'),
    platform,
    processor,
    emulated,
    ...unusableEmulators(printed, { platform, processor, emulated }),
    cpus: info.NCPU,
    ...readLoad(printed),
    memory: { total: info.MemTotal, free: readAvailableMemory(printed) ?? info.MemTotal },
    disk: await measureDiskSpace(docker.transport, info.DockerRootDir, signal),
    latencyMs,
    ...readIdentity(printed, {
      engine: 'docker',
      hostname: info.Name,
      storage: info.DockerRootDir,
      id: info.ID ?? undefined,
    }),
  };
}

/**
 * The platform of docker itself. A 32-bit docker may run on a 64-bit kernel; only the kernel's name tells the variant of arm.
 * @param machine the kernel's name of the machine. @param built what docker was built for
 */
function enginePlatform(os: string, machine: string, built = ''): Platform | undefined {
  const kernel = platformOf({ os, architecture: machine });
  const own = platformOf({ os, architecture: built });
  return own && (!kernel || platformParts(own).architecture !== platformParts(kernel).architecture) ? own : kernel;
}
