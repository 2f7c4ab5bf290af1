/** The steps of a job: what engines do for a build, one after another or at once. */
import { z } from 'zod';

/**
 * One instruction of a Containerfile, or another operation of an engine. `index` and `total` count the steps of all
 * stages that the build needs, from 1, in the order of the Containerfile. Times are ISO 8601.
 */
export const stepSchema = z.object({
  /** Unique in its job. An instruction of a Containerfile has the same id on all platforms. */
  id: z.string(),
  index: z.number(),
  total: z.number(),
  /** The instruction, or what the engine calls the operation. */
  name: z.string(),
  /** The name of its stage. Missing if there is only one stage. */
  stage: z.string().optional(),
  /** The ids of the steps whose results it uses. */
  inputs: z.array(z.string()).optional(),
  /** The first line of the instruction in the Containerfile, counted from 1. */
  line: z.number().optional(),
  cached: z.boolean(),
  startedAt: z.string(),
  /** Missing while it runs. A step that the end of its job interrupted has none either. */
  durationMs: z.number().optional(),
  /** The engine's message if the step failed. */
  error: z.string().optional(),
  /** What is done of the work that is known, such as a download. */
  progress: z.object({ current: z.number(), total: z.number(), unit: z.literal('bytes') }).optional(),
  /** The line of the job's log that names the step, counted from 0. Missing in records of older versions. */
  firstLine: z.number().optional(),
});
export type Step = Readonly<z.infer<typeof stepSchema>>;

/** A step of a Containerfile, whether it has started or not. */
export const plannedStepSchema = stepSchema.pick({
  ...{ id: true, index: true, total: true, name: true, stage: true, inputs: true, line: true },
});
export type PlannedStep = Readonly<z.infer<typeof plannedStepSchema>>;

interface WithSteps {
  readonly steps: readonly Step[];
}

/** Steps after changes to some of them, in the order in which they started. A step may start again. */
export function withSteps(steps: readonly Step[], changes: readonly Step[]): Step[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  for (const step of changes) {
    byId.set(step.id, step);
  }
  return [...byId.values()].sort((a, b) => (a.firstLine ?? 0) - (b.firstLine ?? 0));
}

/** The steps that have not ended, the longest running first. */
export function runningSteps({ steps }: WithSteps): Step[] {
  return steps.filter(({ durationMs }) => durationMs === undefined);
}

export function failedStepOf({ steps }: WithSteps): Step | undefined {
  return steps.find(({ error }) => error !== undefined);
}

/** The step that says where a job is: the failed one, else the longest running, else the newest. */
export function currentStep(job: WithSteps): Step | undefined {
  return failedStepOf(job) ?? job.steps.find(({ durationMs }) => durationMs === undefined) ?? job.steps.at(-1);
}

/** The share of steps that have ended and not failed, from 0 to 1. */
export function endedShare({ steps }: WithSteps): number {
  const total = steps.at(-1)?.total ?? 0;
  const ended = steps.filter(({ durationMs, error }) => durationMs !== undefined && error === undefined).length;
  return total === 0 ? 0 : Math.min(1, ended / total);
}

/** `+2 more` if more steps run than {@link currentStep}; else empty. */
export function moreRunningText(job: WithSteps): string {
  const more = runningSteps(job).length - 1;
  return more > 0 ? `+${more} more` : '';
}
