import { z } from 'zod';
import type { Node } from '../../../shared/node.ts';
import { platformOf } from '../../../shared/platform.ts';
import type { EngineApi } from '../api/engine-api.ts';
import { emulatedPlatforms, printHandlersCommand } from '../binfmt.ts';
import { commandOutput, measureDiskSpace, measureLatency, unsupportedPlatformProblem } from '../machine-facts.ts';

/** The fields of `GET /info` that are used. Memory is in bytes. */
const infoSchema = z.object({
  ServerVersion: z.string(),
  OSType: z.string(),
  Architecture: z.string(),
  Name: z.string(),
  OperatingSystem: z.string().nullish(),
  SecurityOptions: z.array(z.string()).nullish(),
  NCPU: z.number(),
  MemTotal: z.number(),
  DockerRootDir: z.string(),
});

/**
 * Reads the facts about docker and its machine. Free memory, disk space and emulated platforms come from commands on the node.
 * If the node refuses commands, all memory counts as free, the disk space as unknown, and no platform as emulated.
 */
export async function probeNode(
  docker: EngineApi,
  apiVersion: string,
  signal?: AbortSignal,
): Promise<Omit<Node, 'capabilities'>> {
  const latencyMs = await measureLatency(docker, signal);
  const [info, handlers, memory] = await Promise.all([
    docker.requestJson('report its system information', infoSchema, {
      method: 'GET',
      path: 'info',
      ...(signal ? { signal } : {}),
    }),
    commandOutput(docker.transport, printHandlersCommand, signal),
    commandOutput(docker.transport, 'cat /proc/meminfo', signal),
  ]);
  const platform = platformOf({ os: info.OSType, architecture: info.Architecture });
  if (!platform) {
    throw unsupportedPlatformProblem(docker.node, `${info.OSType}/${info.Architecture}`);
  }
  const [, free] = /^MemFree:\s+(\d+) kB$/m.exec(memory) ?? [];
  return {
    connection: docker.node,
    engine: 'docker',
    version: info.ServerVersion,
    apiVersion,
    hostname: info.Name,
    ...(info.OperatingSystem ? { distribution: info.OperatingSystem } : {}),
    rootless: (info.SecurityOptions ?? []).includes('name=rootless'),
    platform,
    emulated: [...new Set(emulatedPlatforms(handlers))].filter((name) => name !== platform),
    cpus: info.NCPU,
    memory: { total: info.MemTotal, free: free === undefined ? info.MemTotal : Number(free) * 1024 },
    disk: await measureDiskSpace(docker.transport, info.DockerRootDir, signal),
    latencyMs,
  };
}
