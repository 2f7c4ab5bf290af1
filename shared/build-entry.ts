import { z } from 'zod';
import { type Build, buildSchema, type Job, jobSchema } from './build.ts';
import { problemSchema } from './problem.ts';
import { triggerSchema } from './trigger.ts';

const codeSchema = problemSchema.shape.code;

const jobEntrySchema = jobSchema
  .pick({
    platform: true,
    node: true,
    mode: true,
    status: true,
    durationMs: true,
    reusedFrom: true,
    skipped: true,
    foundIn: true,
    mismatch: true,
  })
  .extend({
    /** The code of the problem of a failed job. Entries of older versions have neither this nor the next ones. */
    code: codeSchema.optional(),
    /** Steps were in the build cache. */
    warm: z.literal(true).optional(),
    /** The nodes that could not finish it, or that were slower than a second attempt, oldest first. */
    lostOn: z.array(z.object({ node: z.string(), code: codeSchema })).optional(),
  });
export type JobEntry = Readonly<z.infer<typeof jobEntrySchema>>;

/** What lists show of a build: light enough for long histories. `builds.get` has the rest. */
export const buildEntrySchema = z.object({
  id: z.string(),
  /** `unreadable`: the record is damaged, or a newer Barnraiser wrote it. `problem` says which. It can be deleted. */
  status: z.enum([...buildSchema.shape.status.options, 'unreadable']),
  /** Empty if the record does not say it. */
  reference: z.string(),
  /** The context folder. Empty if the record does not say it. */
  project: z.string(),
  farm: z.string().optional(),
  /** The bake that it belongs to, and which of its images it is. */
  bake: z.object({ id: z.string(), image: z.string() }).optional(),
  trigger: triggerSchema.optional(),
  /** The connections of a build that was not started on a farm. */
  connections: z.array(z.string()).optional(),
  createdAt: z.string(),
  durationMs: z.number().optional(),
  jobs: z.array(jobEntrySchema),
  /** Optional platforms that the build is done without. */
  missing: z.array(z.string()).optional(),
  /** Where a build that is done should have been pushed and was not. Its image is in local storage. */
  notPushed: z.array(z.string()).optional(),
  /** The message of the build's problem. */
  problem: z.string().optional(),
});
export type BuildEntry = Readonly<z.infer<typeof buildEntrySchema>>;

/** The entry of a build whose record can be read. */
export type ReadableEntry = BuildEntry & { readonly status: Build['status'] };

export function isReadable(entry: BuildEntry): entry is ReadableEntry {
  return entry.status !== 'unreadable';
}

export function entryOf({
  id,
  status,
  reference,
  request,
  createdAt,
  durationMs,
  jobs,
  missing,
  push,
  furtherPushes = [],
  problem,
}: Build): ReadableEntry {
  const { context, farm, connections, bake, trigger } = request;
  const pushes = push ? [push, ...furtherPushes] : furtherPushes;
  const notPushed = pushes
    .filter((each) => status === 'done' && each.status === 'failed')
    .map(({ destination }) => destination);
  return {
    id,
    status,
    reference,
    project: context,
    ...(farm === undefined ? {} : { farm }),
    ...(bake === undefined ? {} : { bake }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(connections === undefined ? {} : { connections }),
    createdAt,
    ...(durationMs === undefined ? {} : { durationMs }),
    jobs: jobs.map((job) => ({
      platform: job.platform,
      node: job.node,
      mode: job.mode,
      status: job.status,
      ...(job.durationMs === undefined ? {} : { durationMs: job.durationMs }),
      ...(job.reusedFrom === undefined ? {} : { reusedFrom: job.reusedFrom }),
      ...(job.skipped ? { skipped: true } : {}),
      ...(job.foundIn === undefined ? {} : { foundIn: job.foundIn }),
      ...(job.mismatch === undefined ? {} : { mismatch: job.mismatch }),
      ...(job.problem === undefined ? {} : { code: job.problem.code }),
      ...(job.steps.some(({ cached }) => cached) ? { warm: true } : {}),
      ...lostOn(job),
    })),
    ...(missing === undefined ? {} : { missing: [...missing] }),
    ...(notPushed.length === 0 ? {} : { notPushed }),
    ...(problem === undefined ? {} : { problem: problem.message }),
  };
}

/** Also a second attempt that has failed, while the first went on. */
function lostOn({ lost, second }: Job): Pick<JobEntry, 'lostOn'> {
  const { node, problem } = second ?? {};
  const all = [...lost, ...(node !== undefined && problem ? [{ node, problem }] : [])];
  return all.length === 0 ? {} : { lostOn: all.map((loss) => ({ node: loss.node, code: loss.problem.code })) };
}

/** Which builds a list has: those that match every field. */
export const buildFilterSchema = z.object({
  /** Words that must all occur in the reference, project, farm, platforms, nodes, status, schedule or id, ignoring case. */
  text: z.string().max(1000).optional(),
  status: z.enum(['done', 'failed', 'cancelled', 'interrupted']).optional(),
  /** The context folder. */
  project: z.string().optional(),
});
export type BuildFilter = Readonly<z.infer<typeof buildFilterSchema>>;

/** The words of a filter's text, in lower case. */
export function filterWords({ text = '' }: BuildFilter): string[] {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

export function matchesFilter(entry: BuildEntry, filter: BuildFilter): boolean {
  if (filter.status !== undefined && entry.status !== filter.status) {
    return false;
  }
  if (filter.project !== undefined && entry.project !== filter.project) {
    return false;
  }
  const words = filterWords(filter);
  if (words.length === 0) {
    return true;
  }
  const { reference, project, farm = '', status, id, jobs, trigger } = entry;
  const names = jobs.flatMap(({ platform, node }) => [platform, node]);
  const started = trigger?.kind === 'timer' ? trigger.name : '';
  const text = [reference, project, farm, status, id, started, ...names].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}
