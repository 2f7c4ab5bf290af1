import { z } from 'zod';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

export const engineKindSchema = z.enum(['podman', 'docker']);
export type EngineKind = z.infer<typeof engineKindSchema>;

/**
 * What an engine can do for a build, besides the platforms of its node. `limits` are the values of options of a build request
 * that it does not support. Each has a reason that completes the sentence "It cannot do that, because …".
 */
export const capabilitiesSchema = z.object({
  exportFormats: z.array(z.enum(['oci-archive', 'docker-archive'])),
  limits: z.array(z.object({ option: z.enum(['pull', 'retention']), value: z.string(), reason: z.string() })),
});
export type Capabilities = Readonly<z.infer<typeof capabilitiesSchema>>;

const spaceSchema = z.object({ total: z.number(), free: z.number() });

/** A connection whose engine has answered, and what it can build. Memory and disk are in bytes. The disk is that of the image storage. */
export const nodeSchema = z.object({
  connection: z.string(),
  engine: engineKindSchema,
  version: z.string(),
  apiVersion: z.string(),
  hostname: z.string(),
  distribution: z.string().optional(),
  rootless: z.boolean(),
  platform: platformSchema,
  emulated: z.array(platformSchema),
  capabilities: capabilitiesSchema,
  cpus: z.number(),
  memory: spaceSchema,
  disk: spaceSchema,
  /** Time of one small request over the open connection, in milliseconds. */
  latencyMs: z.number(),
});

export type Node = Readonly<z.infer<typeof nodeSchema>>;

/** The result of a probe of one connection. */
export const nodeStatusSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('up'), connection: z.string(), node: nodeSchema }),
  z.object({
    state: z.literal('down'),
    connection: z.string(),
    problem: problemSchema,
    /** The next automatic reconnect after a lost connection: its time (ISO 8601) and its number, counted from 1. */
    retry: z.object({ at: z.string(), attempt: z.number() }).optional(),
  }),
]);

export type NodeStatus = Readonly<z.infer<typeof nodeStatusSchema>>;

/** What a prune freed on one node. */
export const pruneReportSchema = z.object({
  node: z.string(),
  reclaimedBytes: z.number(),
  problem: problemSchema.optional(),
});
export type PruneReport = Readonly<z.infer<typeof pruneReportSchema>>;
