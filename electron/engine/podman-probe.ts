import { z } from 'zod';
import type { Node } from '../../shared/node.ts';
import { type Platform, parsePlatform, platformOf } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { quote } from '../ssh/shell-quote.ts';
import { emulatedPlatforms, printHandlers } from './binfmt.ts';
import type { PodmanApi } from './podman-api.ts';
import type { Transport } from './transport.ts';

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

/** Milliseconds for a command that answers at once; where commands are refused or hang, a probe goes on without. */
const commandPatience = 10_000;

/** Asks podman and its machine what they are. Where commands are refused, nothing is known to be emulated before 5.6. */
export async function probeNode(podman: PodmanApi, apiVersion: string, signal?: AbortSignal): Promise<Node> {
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

async function pingTime(podman: PodmanApi, signal?: AbortSignal): Promise<number> {
  const start = performance.now();
  const response = await podman.transport
    .request({ method: 'GET', path: '/_ping', timeoutMs: 30_000, ...(signal ? { signal } : {}) })
    .catch((error: unknown) => {
      throw podman.failureOf(error, 'answer', signal);
    });
  await podman.textOf('answer', response.body, signal);
  return Math.round((performance.now() - start) * 10) / 10;
}

/** podman says "arm" for all of its variants; the kernel knows which it is. */
async function platformFor(podman: PodmanApi, { host }: Info, signal?: AbortSignal): Promise<Platform> {
  const machine =
    host.arch === 'arm' && !host.variant ? (await printed(podman.transport, 'uname -m', signal)).trim() : '';
  const platform =
    (machine.startsWith('armv') ? platformOf({ os: host.os, architecture: machine }) : undefined) ??
    platformOf({ os: host.os, architecture: host.arch, ...(host.variant ? { variant: host.variant } : {}) });
  if (!platform) {
    throw fail(
      'engine.unsupported',
      `Node ${podman.node} runs on ${host.os}/${host.arch}, for which Barnraiser cannot build.`,
      'Use a node with Linux on one of the usual processors.',
    );
  }
  return platform;
}

/** Where images are stored, in bytes. podman before 4.3 does not tell, so the machine is asked. */
async function diskOf(transport: Transport, { store }: Info, signal?: AbortSignal): Promise<Node['disk']> {
  if (store.graphRootAllocated) {
    return { total: store.graphRootAllocated, free: store.graphRootAllocated - (store.graphRootUsed ?? 0) };
  }
  const output = await printed(transport, `df -kP ${quote(store.graphRoot)}`, signal);
  const [, total = 0, , free = 0] = (output.trim().split('\n')[1] ?? '').split(/\s+/).map(Number);
  return { total: (total || 0) * 1024, free: (free || 0) * 1024 };
}

/** What a command prints, and nothing where it cannot be run. */
async function printed(transport: Transport, command: string, signal?: AbortSignal): Promise<string> {
  try {
    // the signal counts the wait for room on the line too, of which a node with few sessions may have none
    const patience = AbortSignal.timeout(commandPatience);
    const options = { timeoutMs: commandPatience, signal: signal ? AbortSignal.any([signal, patience]) : patience };
    return (await transport.run(command, options)).stdout;
  } catch {
    return '';
  }
}
