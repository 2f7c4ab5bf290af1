import { z } from 'zod';
import type { Node } from '../../../shared/node.ts';
import { type Platform, parsePlatform, platformOf } from '../../../shared/platform.ts';
import { emulatedPlatforms, printHandlers } from '../binfmt.ts';
import type { EngineApi } from '../engine-api.ts';
import { pingTime, printed, spaceAt, unsupportedPlatform } from '../node-facts.ts';
import type { Transport } from '../transport/transport.ts';

/** What is read of `GET info`. `variant` is there from 4.8, `emulatedArchitectures` from 5.6. */
const infoSchema = z.object({
  host: z.object({
    os: z.string(),
    arch: z.string(),
    variant: z.string().optional(),
    emulatedArchitectures: z.array(z.string()).nullish(),
    hostname: z.string(),
    distribution: z.object({ distribution: z.string().optional(), version: z.string().optional() }).optional(),
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
  version: z.object({ Version: z.string() }),
});
type Info = z.infer<typeof infoSchema>;

/** Asks podman and its machine what they are. Where commands are refused, nothing is known to be emulated before 5.6. */
export async function probeNode(podman: EngineApi, apiVersion: string, signal?: AbortSignal): Promise<Node> {
  const latencyMs = await pingTime(podman, signal);
  const [info, handlers] = await Promise.all([
    podman.ask('say what it is', infoSchema, { method: 'GET', path: 'info', ...(signal ? { signal } : {}) }),
    printed(podman.transport, printHandlers, signal),
  ]);
  const { host } = info;
  const [platform, disk] = await Promise.all([
    platformFor(podman, info, signal),
    diskOf(podman.transport, info, signal),
  ]);
  const emulated = host.emulatedArchitectures
    ? host.emulatedArchitectures.map(parsePlatform).filter((name) => name !== undefined)
    : emulatedPlatforms(handlers);
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
    emulated: [...new Set(emulated)].filter((name) => name !== platform),
    cpus: host.cpus,
    memory: { total: host.memTotal, free: host.memFree },
    disk,
    latencyMs,
  };
}

/** podman says "arm" for all of its variants; the kernel knows which it is. */
async function platformFor(podman: EngineApi, { host }: Info, signal?: AbortSignal): Promise<Platform> {
  const machine =
    host.arch === 'arm' && !host.variant ? (await printed(podman.transport, 'uname -m', signal)).trim() : '';
  const platform =
    (machine.startsWith('armv') ? platformOf({ os: host.os, architecture: machine }) : undefined) ??
    platformOf({ os: host.os, architecture: host.arch, ...(host.variant ? { variant: host.variant } : {}) });
  if (!platform) {
    throw unsupportedPlatform(podman.node, `${host.os}/${host.arch}`);
  }
  return platform;
}

/** Where images are stored, in bytes. podman before 4.3 does not tell, so the machine is asked. */
async function diskOf(transport: Transport, { store }: Info, signal?: AbortSignal): Promise<Node['disk']> {
  if (store.graphRootAllocated) {
    return { total: store.graphRootAllocated, free: store.graphRootAllocated - (store.graphRootUsed ?? 0) };
  }
  return spaceAt(transport, store.graphRoot, signal);
}
