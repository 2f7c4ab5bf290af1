import { z } from 'zod';
import type { Node } from '../../../shared/node.ts';
import { platformOf } from '../../../shared/platform.ts';
import { emulatedPlatforms, printHandlers } from '../binfmt.ts';
import type { EngineApi } from '../engine-api.ts';
import { pingTime, printed, spaceAt, unsupportedPlatform } from '../node-facts.ts';

/** What is read of `GET /info`; memory in bytes. */
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
 * Asks docker and its machine what they are. Free memory, the disk and emulators are the machine's to tell: where commands are
 * refused, all memory counts as free, the disk as unknown, and nothing as emulated.
 */
export async function probeDocker(docker: EngineApi, apiVersion: string, signal?: AbortSignal): Promise<Node> {
  const latencyMs = await pingTime(docker, signal);
  const [info, handlers, memory] = await Promise.all([
    docker.ask('say what it is', infoSchema, { method: 'GET', path: 'info', ...(signal ? { signal } : {}) }),
    printed(docker.transport, printHandlers, signal),
    printed(docker.transport, 'cat /proc/meminfo', signal),
  ]);
  const platform = platformOf({ os: info.OSType, architecture: info.Architecture });
  if (!platform) {
    throw unsupportedPlatform(docker.node, `${info.OSType}/${info.Architecture}`);
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
    disk: await spaceAt(docker.transport, info.DockerRootDir, signal),
    latencyMs,
  };
}
