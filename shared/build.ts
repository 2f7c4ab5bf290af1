import { z } from 'zod';
import { appliedAutomaticSchema, automaticSchema } from './automatic-options.ts';
import { optionShape } from './build-option-schemas.ts';
import { buildWarningSchema } from './build-warning.ts';
import { nameSchema } from './connection.ts';
import { contentTagSchema, tagRuleSchema } from './content-tag.ts';
import { imageLocations } from './found-in.ts';
import { digestSchema, manifestListSchema, referenceSchema } from './image.ts';
import { imageArchivesSchema } from './image-archives.ts';
import { outputStateSchema } from './output-state.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { pushSchema } from './push.ts';
import { jobWaitSchema } from './queue.ts';
import { estimateSchema, modeSchema, scheduleSchema } from './schedule.ts';
import { type Step, stepSchema } from './step.ts';
import { triggerSchema } from './trigger.ts';

/**
 * What to build, on which nodes, and how. It is kept with the build, so that the build can be made again: nothing in it
 * may be secret. Paths are absolute paths on this computer.
 */
export const buildRequestSchema = z.object({
  /**
   * The project: an absolute path of a folder or an archive, the URL of a git repository as docker has it, without a login in
   * what is kept, or `-` for standard input.
   */
  context: z.string().min(1).max(4096),
  /** The content of a Containerfile that is in no file, instead of the option `file`. */
  containerfile: z
    .string()
    .max(1024 * 1024, 'The Containerfile is larger than 1 MiB.')
    .optional(),
  reference: referenceSchema,
  /** The bake that the build belongs to, and which of its images it is. */
  bake: z.object({ id: z.string().max(100), image: z.string().max(128) }).optional(),
  /** What started the build in place of a person. */
  trigger: triggerSchema.optional(),
  /** A farm or a list of connections. With neither: the default farm, or every connection if there is none. */
  farm: nameSchema.optional(),
  connections: z.array(nameSchema).min(1).optional(),
  /** Without platforms: every platform that the nodes run natively. */
  platforms: z.array(platformSchema).min(1).optional(),
  /**
   * Platforms without which the build is done all the same, if at least one other is built. Those that `platforms` does not have
   * are built, too.
   */
  optionalPlatforms: z.array(platformSchema).min(1).optional(),
  /** Platforms that the user assigned to a node: platform → connection. */
  pins: z.record(platformSchema, nameSchema).default({}),
  /** Build arguments and labels that come from the git repository of the project. What the options say wins. */
  automatic: automaticSchema.optional(),
  /** With `tagByContent`: what differs from the hash of the project folder. */
  tagRule: tagRuleSchema.optional(),
  /** Archives of other images among the files of the project. */
  imageArchives: imageArchivesSchema.optional(),
  /** What `buildOptions` has. Default of all: the first choice, off or nothing, if the table does not say otherwise. */
  ...optionShape,
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
      /** Further destinations of the same list, each with its registry. */
      more: z.array(referenceSchema).max(20).optional(),
    })
    .optional(),
});
export type BuildRequest = Readonly<z.infer<typeof buildRequestSchema>>;

/**
 * The phases of a job in order. The last four are final. A job is `cancelling` from the request to cancel it until its
 * node has stopped. It is `interrupted` if Barnraiser stopped before it ended.
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
  'interrupted',
]);
export type Phase = z.infer<typeof phaseSchema>;

export function isEnd(phase: Phase): phase is 'done' | 'failed' | 'cancelled' | 'interrupted' {
  return phase === 'done' || phase === 'failed' || phase === 'cancelled' || phase === 'interrupted';
}

/** An attempt at a job that was started beside another one, because that took far longer than estimated. */
export const secondAttemptSchema = z.object({
  node: z.string(),
  mode: modeSchema,
  reason: z.string(),
  startedAt: z.string(),
  /** The node of the attempt that it was started beside. */
  beside: z.string(),
  /**
   * `running`: beside the other. `taken`: the job is this attempt, because it had the image first, or the other has failed. `stopped`:
   * the other had the image first, or the job has ended. `failed`: the other went on.
   */
  state: z.enum(['running', 'taken', 'stopped', 'failed']),
  /** Why it has failed. */
  problem: problemSchema.optional(),
});
export type SecondAttempt = Readonly<z.infer<typeof secondAttemptSchema>>;

/** Base images and additional contexts, by the names that the build has for them. */
export const materialsSchema = z.object({
  /** The digest of each base image. Empty if it is not known. */
  bases: z.record(z.string(), z.string()),
  /** What identifies the content of each context. Missing if that is not certain. */
  contexts: z.record(z.string(), z.string()).optional(),
});
export type Materials = Readonly<z.infer<typeof materialsSchema>>;

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
  /** How long it takes on its current node, without waiting for a slot. Missing if too little is known. */
  estimate: estimateSchema.optional(),
  /** Only of a queued job. */
  wait: jobWaitSchema.optional(),
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
  /** What the image was made of, as far as its engine has said. */
  materials: materialsSchema.optional(),
  /** Nothing had changed since its node built it, so that nothing was sent and built: it has the image of that build. */
  skipped: z.boolean().optional(),
  /** The id of the earlier build whose image and log this job has: it was not built again. */
  reusedFrom: z.string().optional(),
  /** Where its image was already, so that it was not built. No node has worked on it. */
  foundIn: z.enum(imageLocations).optional(),
  /** Missing unless the platform was started a second time on another node. */
  second: secondAttemptSchema.optional(),
  /** Nodes that could not finish this platform, or that were slower than a second attempt, oldest first. */
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

const buildObject = z.object({
  id: z.string(),
  /** `interrupted`: Barnraiser stopped before the build ended. It can be resumed. */
  status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
  reference: z.string(),
  request: buildRequestSchema,
  /** Absolute path of the Containerfile that was built. Builds of older versions do not have it. */
  containerfile: z.string().optional(),
  /** The commit of the git repository that was built. */
  commit: z.string().optional(),
  schedule: scheduleSchema,
  /** The tag by content, which `reference` has. */
  contentTag: contentTagSchema.optional(),
  /** What the build got from the git repository, as its request asks for. */
  automatic: appliedAutomaticSchema.optional(),
  context: contextSummarySchema.optional(),
  jobs: z.array(jobSchema),
  /** Optional platforms that the build is done without: their jobs failed, or no node can build them. */
  missing: z.array(platformSchema).optional(),
  /**
   * Set when every job is done, or when a person has stored the images of an incomplete build. A list whose images nodes have pushed
   * is in the registry only: `push` has its digest.
   */
  list: manifestListSchema.optional(),
  /** Digest of the list of the registry that has the images which were found there. */
  foundDigest: digestSchema.optional(),
  /** The push that the request asks for. A build whose push failed is done if its image is in local storage. */
  push: pushSchema.optional(),
  /** Those to further destinations of the request. */
  furtherPushes: z.array(pushSchema).optional(),
  /** The outputs that the request asks for. A build whose outputs failed is done: its image is in local storage. */
  outputs: z.array(outputStateSchema).optional(),
  problem: problemSchema.optional(),
  createdAt: z.string(),
  /** When it was resumed last after an interruption, from when `durationMs` counts. */
  resumedAt: z.string().optional(),
  durationMs: z.number().optional(),
});
type BuildObject = typeof buildObject;
/** Named, since the compiler writes out types without a name wherever they are used. */
export interface BuildSchema extends BuildObject {}
export const buildSchema: BuildSchema = buildObject;
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
