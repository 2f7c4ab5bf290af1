import { z } from 'zod';
import { type FailureKind, failureKindNames } from './failure-kind.ts';
import { platformSchema } from './platform.ts';

/** Times in milliseconds: half of the jobs took no longer than the median, nine of ten no longer than `p90`. */
const timesSchema = z.object({ count: z.number(), medianMs: z.number(), p90Ms: z.number() });
export type Times = Readonly<z.infer<typeof timesSchema>>;

/** What became of jobs. */
const jobsShape = {
  done: z.number(),
  failed: z.number(),
  cancelled: z.number(),
  /** Of the jobs that are done: nothing had changed, so that nothing was built. */
  skipped: z.number(),
  /** Jobs that began on a node and moved to another one. */
  lost: z.number(),
  /** Of the jobs that were built, without any step in the build cache. Missing if there are none. */
  cold: timesSchema.optional(),
  /** The same with steps in the build cache. Jobs of older versions, which do not say it, are among the cold ones. */
  warm: timesSchema.optional(),
  all: timesSchema.optional(),
  /** Why jobs failed or moved, the most frequent first. */
  failures: z.array(z.object({ kind: z.enum(failureKindNames), count: z.number() })),
};
const jobStatisticsSchema = z.object(jobsShape);
export type JobStatistics = Readonly<z.infer<typeof jobStatisticsSchema>>;

/** What the newest builds of the history say about platforms and nodes. */
export const statisticsSchema = z.object({
  /** What became of the builds that were counted. */
  builds: z.object({ done: z.number(), failed: z.number(), cancelled: z.number(), times: timesSchema.optional() }),
  /** When the oldest build was started that was counted, as ISO 8601. Missing if there is none. */
  from: z.string().optional(),
  /** There are older builds, which were not counted. */
  hasOlder: z.boolean(),
  /** Every platform over all nodes, by name. */
  platforms: z.array(z.object({ platform: platformSchema, ...jobsShape })),
  /** Every node over all platforms, by name. */
  nodes: z.array(z.object({ node: z.string(), ...jobsShape })),
  /** Every platform on every node that has built it. */
  pairs: z.array(z.object({ platform: platformSchema, node: z.string(), ...jobsShape })),
});
export type Statistics = Readonly<z.infer<typeof statisticsSchema>>;

export type { FailureKind };
