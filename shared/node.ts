import { z } from 'zod';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

export const engineKindSchema = z.enum(['podman', 'docker']);
export type EngineKind = z.infer<typeof engineKindSchema>;

const spaceSchema = z.object({ total: z.number(), free: z.number() });

/** A connection that answered: what it is and what it can build. Memory and disk in bytes; disk is where images are stored. */
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
  cpus: z.number(),
  memory: spaceSchema,
  disk: spaceSchema,
  /** Time of one small request over the open connection, in milliseconds. */
  latencyMs: z.number(),
});

export type Node = Readonly<z.infer<typeof nodeSchema>>;

/** What a probe of one connection found. */
export const nodeStatusSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('up'), connection: z.string(), node: nodeSchema }),
  z.object({
    state: z.literal('down'),
    connection: z.string(),
    problem: problemSchema,
    /** Its line was lost and is tried again by itself: at what time (ISO 8601), and which attempt that will be, counted from 1. */
    retry: z.object({ at: z.string(), attempt: z.number() }).optional(),
  }),
]);

export type NodeStatus = Readonly<z.infer<typeof nodeStatusSchema>>;
