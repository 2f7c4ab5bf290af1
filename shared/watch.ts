/** Watches: builds that are made again whenever what they send has changed. */
import { z } from 'zod';
import { buildRequestSchema } from './build.ts';
import { problemSchema } from './problem.ts';

/** More paths are only counted. */
export const maxChangedPaths = 20;

export const watchOptionsSchema = z.object({
  /** How long nothing may change before the next build, in milliseconds. */
  debounceMs: z.number().int().min(0).max(60_000).default(300),
  /** Lets a build that is outdated by a change end, instead of cancelling it. */
  finishBuilds: z.boolean().default(false),
  /** Looks at the files again and again instead of waiting for notices of the system. */
  poll: z.boolean().default(false),
  /** Files that builds write into the project. Absolute paths. */
  excluded: z.array(z.string()).max(100).default([]),
});
export type WatchOptions = Readonly<z.infer<typeof watchOptionsSchema>>;

export const watchSchema = z.object({
  id: z.string(),
  request: buildRequestSchema,
  /** `missing`: the project cannot be read now, as `problem` says; it is looked for. */
  state: z.enum(['building', 'waiting', 'missing', 'ended']),
  /** Why the files are looked at again and again. The system notices no changes. */
  polling: z.object({ reason: z.string(), everyMs: z.number() }).optional(),
  /** The number of files, folders and links that are watched. */
  entries: z.number(),
  /** How many builds were started. */
  builds: z.number(),
  /** The id of the newest build. */
  build: z.string().optional(),
  /** How the newest build that has ended did. Those that were cancelled because they were outdated do not count. */
  outcome: z.enum(['done', 'failed', 'cancelled']).optional(),
  /** Why the project cannot be read, or why the newest build could not be started. */
  problem: problemSchema.optional(),
  /** The change that caused the newest build, or that causes the next one. */
  change: z
    .object({
      at: z.string(),
      /** The first {@link maxChangedPaths}. */
      paths: z.array(z.string()),
      count: z.number(),
      /** The id of the build that was cancelled, because it was outdated. */
      cancelled: z.string().optional(),
    })
    .optional(),
  createdAt: z.string(),
});
export type Watch = Readonly<z.infer<typeof watchSchema>>;
