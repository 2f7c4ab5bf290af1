/** Timers start builds and prunes at times that a cron expression names. The window and the terminal call them schedules. */
import { z } from 'zod';
import { buildRequestSchema } from './build.ts';
import { nameSchema } from './connection.ts';
import { nodeSelectionSchema } from './farm.ts';
import { problemSchema } from './problem.ts';
import { pruneRulesSchema } from './storage-use.ts';

/** What a timer does. Each kind has its part of `TaskKinds` in `electron/automation/timers.ts`. */
export const timerTaskSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('build'),
    request: buildRequestSchema,
    /** Builds only when the files have changed since the last build that the timer made and that was done. */
    onlyIfChanged: z.boolean().default(false),
    /** Builds only when the registry of a base image has a newer one. With `onlyIfChanged`: also when the files have changed. */
    onlyIfBaseNewer: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('prune'),
    nodes: nodeSelectionSchema,
    rules: pruneRulesSchema,
  }),
]);
export type TimerTask = Readonly<z.infer<typeof timerTaskSchema>>;
export type TaskKind = TimerTask['kind'];
export type TaskOf<K extends TaskKind> = Extract<TimerTask, { kind: K }>;

export const timeZoneSchema = z.string().min(1).max(100);
export const cronSchema = z.string().min(1).max(200);

/** What a person says about a timer. */
export const timerDefinitionSchema = z.object({
  name: nameSchema,
  /** Five fields, or a name such as `@daily`. */
  cron: cronSchema,
  /** An IANA name. Without it: the zone of this computer at that time. */
  timeZone: timeZoneSchema.optional(),
  task: timerTaskSchema,
  /** What becomes of a time at which no Barnraiser was running: it is left out, or made up for once. */
  missed: z.enum(['skip', 'run']).default('skip'),
  isPaused: z.boolean().default(false),
});
export type TimerDefinition = Readonly<z.infer<typeof timerDefinitionSchema>>;

/**
 * What became of a time. `unchanged`: nothing had changed, so that nothing was built. `missed`: no Barnraiser was running.
 * `skipped`: the run before was still going on.
 */
export const timerRunSchema = z.object({
  /** When it was due, or started by a person. */
  at: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled', 'unchanged', 'missed', 'skipped']),
  /** The id of its build. */
  build: z.string().optional(),
  problem: problemSchema.optional(),
  /** What a prune freed. */
  freedBytes: z.number().optional(),
  durationMs: z.number().optional(),
});
export type TimerRun = Readonly<z.infer<typeof timerRunSchema>>;

/** A timer and its state. */
export const timerSchema = timerDefinitionSchema.extend({
  createdAt: z.string(),
  last: timerRunSchema.optional(),
  /** When it is due next. Missing if it is paused. */
  next: z.string().optional(),
});
export type Timer = Readonly<z.infer<typeof timerSchema>>;
