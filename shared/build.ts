import { z } from 'zod';
import { buildWarningSchema } from './build-warning.ts';
import { nameSchema } from './connection.ts';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { pushSchema } from './push.ts';
import { modeSchema, scheduleSchema } from './schedule.ts';
import { type Step, stepSchema } from './step.ts';

/** When a node pulls base images: if missing, always, never, or if the registry has a newer one. */
export const pullPolicySchema = z.enum(['missing', 'always', 'never', 'newer']);
export type PullPolicy = z.infer<typeof pullPolicySchema>;

/**
 * What stays on a node after a build. `cache`: the newest image, untagged, as the build cache. `tagged`: the image,
 * tagged with the build's reference. `nothing`: no image and no cache.
 */
export const retentionSchema = z.enum(['cache', 'tagged', 'nothing']);
export type Retention = z.infer<typeof retentionSchema>;

/** The format of the images. Only docker's holds HEALTHCHECK, ONBUILD and SHELL. */
export const imageFormatSchema = z.enum(['oci', 'docker']);
export type ImageFormat = z.infer<typeof imageFormatSchema>;

/**
 * What to build, on which nodes, and how. It is kept with the build, so that the build can be made again: nothing in it
 * may be secret. Paths are absolute paths on this computer.
 */
export const buildRequestSchema = z.object({
  /** The project folder that is sent to the nodes. */
  context: z.string().min(1),
  /** The Containerfile or Dockerfile. Without it, the context is searched for one. */
  file: z.string().optional(),
  /** The content of a Containerfile that is in no file, instead of `file`. */
  containerfile: z
    .string()
    .max(1024 * 1024, 'The Containerfile is larger than 1 MiB.')
    .optional(),
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
  /** Whether a job is skipped if nothing has changed since its node built it. Default: true. */
  skip: z.boolean().optional(),
  /** Default: OCI. docker builds images in its own format, whatever is asked for. */
  format: imageFormatSchema.optional(),
  /** Whether an image may have programs for another platform than the one it is listed for. */
  allowPlatformMismatch: z.boolean().optional(),
  pull: pullPolicySchema.default('missing'),
  retention: retentionSchema.default('cache'),
  /**
   * Push the image when all platforms are built, and its blobs while others are still being built. Without a destination: to
   * the registry that the reference names. `direct`: nodes push their images to the registry themselves, and nothing of them is
   * stored here. A node that cannot sends its image here first.
   */
  push: z
    .object({
      destination: referenceSchema.optional(),
      tlsVerify: z.boolean().default(true),
      direct: z.boolean().optional(),
    })
    .optional(),
});
export type BuildRequest = Readonly<z.infer<typeof buildRequestSchema>>;

/**
 * The phases of a job in order. The last three are final. A job is `cancelling` from the request to cancel it until its
 * node has stopped.
 */
export const phaseSchema = z.enum([
  'queued',
  'context',
  'building',
  'transferring',
  'cancelling',
  'done',
  'failed',
  'cancelled',
]);
export type Phase = z.infer<typeof phaseSchema>;

export function isEnd(phase: Phase): phase is 'done' | 'failed' | 'cancelled' {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled';
}

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
  /** What a queued job waits for: a slot of its node, after as many other jobs as `ahead`, of this and other builds. */
  wait: z.object({ reason: z.literal('slot'), ahead: z.number() }).optional(),
  /** In the order in which they started. */
  steps: z.array(stepSchema),
  bytesSent: z.number(),
  /** Bytes of the context that were not sent, because the node had them from an earlier build. */
  bytesReused: z.number().optional(),
  bytesReceived: z.number(),
  startedAt: z.string().optional(),
  durationMs: z.number().optional(),
  /** How the image was transferred: pushed by the node into the image store or to the registry, or exported as an archive. */
  transfer: z.enum(['push', 'direct', 'export']).optional(),
  digest: digestSchema.optional(),
  size: z.number().optional(),
  /** Why the image is for another platform than that of the job. Only a build that allows it has such an image. */
  mismatch: z.string().optional(),
  /** What its engine has warned of, each once. */
  warnings: z.array(buildWarningSchema).optional(),
  problem: problemSchema.optional(),
  /** The last lines of the log of a failed job. */
  lastLines: z.array(z.string()).optional(),
  /** The number of the first of them in the log, counted from 0. */
  lastLinesFrom: z.number().optional(),
  /** Nothing had changed since its node built it, so that nothing was sent and built: it has the image of that build. */
  skipped: z.boolean().optional(),
  /** The id of the earlier build whose image and log this job has: it was not built again. */
  reusedFrom: z.string().optional(),
  /** Nodes that could not finish this platform, oldest first. */
  lost: z.array(
    z.object({
      node: z.string(),
      problem: problemSchema,
      mode: modeSchema.optional(),
      /** When another node took over. Missing in records of older versions, like the mode and the steps. */
      at: z.string().optional(),
      /** What it had done. Not in events: who follows a job knows its steps. */
      steps: z.array(stepSchema).optional(),
    }),
  ),
});
export type Job = Readonly<z.infer<typeof jobSchema>>;

/** A job without its steps, which are reported one by one. */
export const jobStateSchema = jobSchema.omit({ steps: true });
export type JobState = Readonly<z.infer<typeof jobStateSchema>>;

/** A job after a change of its state. A job that moved to another node starts again; its steps are those of the lost node. */
export function withState({ steps, lost }: Pick<Job, 'steps' | 'lost'>, state: JobState): Job {
  const hasMoved = state.lost.length !== lost.length;
  const stepsOf = (index: number): Step[] | undefined =>
    lost[index]?.steps ?? (index === lost.length ? steps : undefined);
  return {
    ...state,
    steps: hasMoved ? [] : steps,
    lost: hasMoved ? state.lost.map((loss, index) => ({ ...loss, steps: loss.steps ?? stepsOf(index) })) : lost,
  };
}

/** What was packed for the nodes. */
export const contextSummarySchema = z.object({
  /** Everything except folders. */
  files: z.number(),
  /** The content of the files. Older versions stored the size of the packed context here. */
  bytes: z.number(),
  /** The size of the packed context: what each node gets. */
  tarBytes: z.number().optional(),
  /** sha256 of the packed context. */
  digest: z.string(),
});
export type ContextSummary = Readonly<z.infer<typeof contextSummarySchema>>;

export const buildSchema = z.object({
  id: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  reference: z.string(),
  request: buildRequestSchema,
  /** Absolute path of the Containerfile that was built. Builds of older versions do not have it. */
  containerfile: z.string().optional(),
  schedule: scheduleSchema,
  context: contextSummarySchema.optional(),
  jobs: z.array(jobSchema),
  /**
   * Set when every job is done, or when a person has stored the images of an incomplete build. A list whose images nodes have pushed
   * is in the registry only: `push` has its digest.
   */
  list: manifestListSchema.optional(),
  /** The push that the request asks for. A build whose push failed is done if its image is in local storage. */
  push: pushSchema.optional(),
  problem: problemSchema.optional(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
});
export type Build = Readonly<z.infer<typeof buildSchema>>;

/** Whether a running build is being cancelled, so that it will end without its unfinished jobs. */
export function isCancelling({
  status,
  jobs,
}: Pick<Build, 'status'> & { jobs: readonly Pick<Job, 'status'>[] }): boolean {
  return (
    status === 'running' &&
    jobs.some((job) => job.status === 'cancelling') &&
    jobs.every((job) => job.status === 'cancelling' || isEnd(job.status))
  );
}
