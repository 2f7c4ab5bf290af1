import { z } from 'zod';
import { nameSchema } from './connection.ts';
import { modeSchema, scheduleSchema } from './farm.ts';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** When a node may fetch base images: only missing ones, always, never, or those that are newer in their registry. */
export const pullPolicySchema = z.enum(['missing', 'always', 'never', 'newer']);
export type PullPolicy = z.infer<typeof pullPolicySchema>;

/**
 * What a build leaves on its nodes: `cache` keeps the newest image untagged so that the next build is quick, `keep` leaves it
 * tagged with the build's reference, `cleanup` leaves nothing.
 */
export const retentionSchema = z.enum(['cache', 'keep', 'cleanup']);
export type Retention = z.infer<typeof retentionSchema>;

/** What to build, where, and how. Paths are absolute paths on this computer. */
export const buildRequestSchema = z.object({
  /** The project folder that is sent to the nodes. */
  context: z.string().min(1),
  /** The Containerfile or Dockerfile; without one it is looked for in the context. */
  file: z.string().optional(),
  reference: referenceSchema,
  /** A farm or a list of connections; with neither the default farm builds, and without one every connection. */
  farm: nameSchema.optional(),
  connections: z.array(nameSchema).min(1).optional(),
  /** Without platforms: every platform that the nodes run natively. */
  platforms: z.array(platformSchema).min(1).optional(),
  /** Platforms that a person gave to a node: platform → connection. */
  pins: z.record(platformSchema, nameSchema).default({}),
  /** May a node build a platform that it can only emulate, where no other runs it natively? */
  emulate: z.boolean().default(true),
  buildArgs: z.record(z.string(), z.string()).default({}),
  labels: z.record(z.string(), z.string()).default({}),
  target: z.string().optional(),
  noCache: z.boolean().default(false),
  pull: pullPolicySchema.default('missing'),
  residue: retentionSchema.default('cache'),
});
export type BuildRequest = Readonly<z.infer<typeof buildRequestSchema>>;

/** The phases of a job in their order; the last three are ends. */
export const phaseSchema = z.enum(['queued', 'context', 'building', 'pulling', 'done', 'failed', 'cancelled']);
export type Phase = z.infer<typeof phaseSchema>;

export function isEnd(phase: Phase): boolean {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled';
}

/** One instruction of a Containerfile as a node ran it. `index` counts from 1 within its stage, which has
 * `total`. Times are ISO 8601. */
export const stepSchema = z.object({
  index: z.number(),
  total: z.number(),
  text: z.string(),
  stage: z.string().optional(),
  cached: z.boolean(),
  startedAt: z.string(),
  durationMs: z.number().optional(),
  /** It is what the build failed at. Engines that run steps beside each other say so; on others it is the last one. */
  failed: z.boolean().optional(),
});
export type Step = Readonly<z.infer<typeof stepSchema>>;

/**
 * One platform of a build. `node` is the name of the connection that builds it now. `bytesSent` is what went to the node as
 * context, `bytesReceived` what came back as blobs or archive. `durationMs` runs until the job has ended.
 */
export const jobSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  mode: modeSchema,
  reason: z.string(),
  status: phaseSchema,
  steps: z.array(stepSchema),
  bytesSent: z.number(),
  bytesReceived: z.number(),
  startedAt: z.string().optional(),
  durationMs: z.number().optional(),
  /** How the image came back: pushed by the node into our store, or exported whole. */
  transfer: z.enum(['push', 'export']).optional(),
  digest: digestSchema.optional(),
  size: z.number().optional(),
  problem: problemSchema.optional(),
  /** The last lines of its log, where it failed. */
  lastLines: z.array(z.string()).optional(),
  /** Nodes that were lost while they built this platform, before the present one took over. */
  lost: z.array(z.object({ node: z.string(), problem: problemSchema })),
});
export type Job = Readonly<z.infer<typeof jobSchema>>;

/** The step that a job has ended at, or is at: the one that failed, else the newest. */
export function lastStepOf({ steps }: Pick<Job, 'steps'>): Step | undefined {
  return steps.find(({ failed }) => failed) ?? steps.at(-1);
}

export const contextSummarySchema = z.object({
  files: z.number(),
  bytes: z.number(),
  /** sha256 of the packed context. */
  digest: z.string(),
});
export type ContextSummary = Readonly<z.infer<typeof contextSummarySchema>>;

export const buildSchema = z.object({
  id: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  reference: z.string(),
  request: buildRequestSchema,
  schedule: scheduleSchema,
  context: contextSummarySchema.optional(),
  jobs: z.array(jobSchema),
  /** Written only when every job is done. */
  list: manifestListSchema.optional(),
  problem: problemSchema.optional(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
});
export type Build = Readonly<z.infer<typeof buildSchema>>;
