import { z } from 'zod';
import { nameSchema } from './connection.ts';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { modeSchema, scheduleSchema } from './schedule.ts';

/** When a node pulls base images: if missing, always, never, or if the registry has a newer one. */
export const pullPolicySchema = z.enum(['missing', 'always', 'never', 'newer']);
export type PullPolicy = z.infer<typeof pullPolicySchema>;

/**
 * What stays on a node after a build. `cache`: the newest image, untagged, as the build cache. `tagged`: the image,
 * tagged with the build's reference. `nothing`: no image and no cache.
 */
export const retentionSchema = z.enum(['cache', 'tagged', 'nothing']);
export type Retention = z.infer<typeof retentionSchema>;

/** What to build, on which nodes, and how. Paths are absolute paths on this computer. */
export const buildRequestSchema = z.object({
  /** The project folder that is sent to the nodes. */
  context: z.string().min(1),
  /** The Containerfile or Dockerfile. Without it, the context is searched for one. */
  file: z.string().optional(),
  reference: referenceSchema,
  /** A farm or a list of connections. With neither: the default farm, or every connection if there is none. */
  farm: nameSchema.optional(),
  connections: z.array(nameSchema).min(1).optional(),
  /** Without platforms: every platform that the nodes run natively. */
  platforms: z.array(platformSchema).min(1).optional(),
  /** Platforms that the user assigned to a node: platform → connection. */
  pins: z.record(platformSchema, nameSchema).default({}),
  /** Whether a node may emulate a platform when no native node is available. */
  emulate: z.boolean().default(true),
  buildArgs: z.record(z.string(), z.string()).default({}),
  labels: z.record(z.string(), z.string()).default({}),
  target: z.string().optional(),
  noCache: z.boolean().default(false),
  pull: pullPolicySchema.default('missing'),
  retention: retentionSchema.default('cache'),
});
export type BuildRequest = Readonly<z.infer<typeof buildRequestSchema>>;

/** The phases of a job in order. The last three are final. */
export const phaseSchema = z.enum(['queued', 'context', 'building', 'transferring', 'done', 'failed', 'cancelled']);
export type Phase = z.infer<typeof phaseSchema>;

export function isEnd(phase: Phase): boolean {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled';
}

/**
 * One instruction of a Containerfile as a node ran it. `index` and `total` count the steps of its stage, from 1. Times
 * are ISO 8601.
 */
export const stepSchema = z.object({
  index: z.number(),
  total: z.number(),
  text: z.string(),
  stage: z.string().optional(),
  cached: z.boolean(),
  startedAt: z.string(),
  durationMs: z.number().optional(),
  /**
   * Whether the build failed at this step. Set by engines that run steps in parallel; on others the last step failed.
   */
  failed: z.boolean().optional(),
});
export type Step = Readonly<z.infer<typeof stepSchema>>;

/**
 * The build of one platform. `node` is the connection name of the node that builds it now. `bytesSent` counts bytes of
 * the context, `bytesReceived` bytes of the image (blobs or archive). `durationMs` is set when the job ends.
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
  /** How the image was transferred: pushed by the node into the image store, or exported as an archive. */
  transfer: z.enum(['push', 'export']).optional(),
  digest: digestSchema.optional(),
  size: z.number().optional(),
  problem: problemSchema.optional(),
  /** The last lines of the log of a failed job. */
  lastLines: z.array(z.string()).optional(),
  /** Nodes that were lost while they built this platform, oldest first. */
  lost: z.array(z.object({ node: z.string(), problem: problemSchema })),
});
export type Job = Readonly<z.infer<typeof jobSchema>>;

/** The failed step of a job, or else its newest step. */
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
  /** Set when every job is done. */
  list: manifestListSchema.optional(),
  problem: problemSchema.optional(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
});
export type Build = Readonly<z.infer<typeof buildSchema>>;
