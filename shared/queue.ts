/** The queue: which jobs run on the nodes and which wait, of all builds of all processes of a data folder. */
import { z } from 'zod';
import { nameSchema } from './connection.ts';
import { platformSchema } from './platform.ts';

export const queuePrioritySchema = z.enum(['high', 'normal', 'low']);
export type QueuePriority = z.infer<typeof queuePrioritySchema>;

/** `paused`: it starts no further jobs; those that wait for it go on waiting. `draining`: it takes no jobs; those that wait move to other nodes. */
export const holdStateSchema = z.enum(['paused', 'draining']);
export type HoldState = z.infer<typeof holdStateSchema>;

/** A node that a person has paused or drained. */
export const nodeHoldSchema = z.object({
  /** The name of its connection. */
  node: nameSchema,
  state: holdStateSchema,
  /** Why, in the words of who did it. */
  reason: z.string().max(200).optional(),
  /** The user who did it. */
  by: z.string().max(100).optional(),
  at: z.string(),
});
export type NodeHold = Readonly<z.infer<typeof nodeHoldSchema>>;

export const waitReasonSchema = z.enum(['slot', 'node-paused', 'build-paused', 'queue-paused']);
export type WaitReason = z.infer<typeof waitReasonSchema>;

/** What a queued job waits for. */
export const jobWaitSchema = z.object({
  reason: waitReasonSchema,
  /** How many other jobs come before it on its node, besides those that run. */
  ahead: z.number(),
  /** When it will start, by the estimates of the jobs before it (ISO 8601). Missing if that is unknown or it is paused. */
  startsAt: z.string().optional(),
  /** The builds that it waits for, those that run first: a few of them. */
  behind: z.array(z.object({ buildId: z.string(), reference: z.string(), jobs: z.number() })).optional(),
  /** Why the node is paused, in the words of who did it. */
  note: z.string().optional(),
});
export type JobWait = Readonly<z.infer<typeof jobWaitSchema>>;

/** A job in the queue of a node. */
export const queueJobSchema = z.object({
  id: z.string(),
  buildId: z.string(),
  reference: z.string(),
  platform: platformSchema,
  /** The connection that leads to the node. */
  node: z.string(),
  state: z.enum(['running', 'waiting']),
  /** Of a waiting job. */
  reason: waitReasonSchema.optional(),
  priority: queuePrioritySchema,
  /** When it came into the queue (ISO 8601). */
  since: z.string(),
  startedAt: z.string().optional(),
  /** How long it takes, by its estimate, in milliseconds. */
  estimateMs: z.number().optional(),
  /** When it starts and ends, by the estimates. */
  startsAt: z.string().optional(),
  endsAt: z.string().optional(),
  /** Another process of the data folder runs its build. */
  ofOtherProcess: z.literal(true).optional(),
});
export type QueueJob = Readonly<z.infer<typeof queueJobSchema>>;

/** The queue of one machine: connections that lead to the same one share its slots. */
export const nodeQueueSchema = z.object({
  id: z.string(),
  connections: z.array(z.object({ name: z.string(), hold: nodeHoldSchema.optional() })),
  slots: z.number(),
  /** Those that run, then those that wait, in the order in which they start. */
  jobs: z.array(queueJobSchema),
  /** Further jobs, which cannot be read, for example of a newer version. */
  others: z.number().optional(),
});
export type NodeQueueState = Readonly<z.infer<typeof nodeQueueSchema>>;

/** A build that has jobs in the queue. */
export const queuedBuildSchema = z.object({
  id: z.string(),
  reference: z.string(),
  priority: queuePrioritySchema,
  since: z.string(),
  running: z.number(),
  waiting: z.number(),
  isPaused: z.boolean(),
  /** A person has moved it, so that priority and fairness do not decide where it is. */
  isMoved: z.boolean(),
  /** When its last job ends, by the estimates. Missing if one is unknown. */
  endsAt: z.string().optional(),
  ofOtherProcess: z.literal(true).optional(),
});
export type QueuedBuild = Readonly<z.infer<typeof queuedBuildSchema>>;

export const queueSchema = z.object({
  /** No build starts further jobs. */
  isPaused: z.boolean(),
  /** In their order. */
  builds: z.array(queuedBuildSchema),
  nodes: z.array(nodeQueueSchema),
});
export type Queue = Readonly<z.infer<typeof queueSchema>>;

/** Where a build is moved to in the queue. */
export const queueMoveSchema = z.union([z.enum(['first', 'last']), z.object({ before: z.string() })]);
export type QueueMove = Readonly<z.infer<typeof queueMoveSchema>>;
