import { z } from 'zod';

/** A job of a record of version 2. Its steps are counted in each stage. */
const oldJobSchema = z.looseObject({
  status: z.string(),
  problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  steps: z.array(
    z.looseObject({
      index: z.number(),
      total: z.number(),
      text: z.string(),
      /** Its number and the number of stages, such as `1/2`. */
      stage: z.string().optional(),
      failed: z.boolean().optional(),
    }),
  ),
});

/** Gives the steps of a job of version 2 their ids, and counts them over all stages that were built. */
export function migrateSteps(job: unknown): unknown {
  const { success, data } = oldJobSchema.safeParse(job);
  if (!success) {
    return job;
  }
  const lengths = new Map(data.steps.map(({ stage, total }) => [stageNumber(stage), total]));
  const total = [...lengths.values()].reduce((sum, length) => sum + length, 0);
  const offsets = new Map<number, number>();
  let offset = 0;
  for (const [stage, length] of [...lengths].sort(([a], [b]) => a - b)) {
    offsets.set(stage, offset);
    offset += length;
  }
  const error = data.problem?.message ?? '';
  // only engines that run steps at once said which one failed; on others the last one did
  const hasFailed = data.status === 'failed' && data.problem?.code === 'build.failed';
  const isMarked = data.steps.some(({ failed }) => failed);
  const steps = data.steps.map(({ text, failed, stage, index, total: _, ...step }, position) => {
    const number = stageNumber(stage);
    const isFailed = failed || (hasFailed && !isMarked && position === data.steps.length - 1);
    return {
      ...step,
      id: `${number - 1}:${index}`,
      index: (offsets.get(number) ?? 0) + index,
      total,
      name: text,
      ...(lengths.size > 1 ? { stage: `stage ${number}` } : {}),
      ...(isFailed ? { error } : {}),
    };
  });
  return { ...data, steps };
}

function stageNumber(stage = ''): number {
  return Number(/^(\d+)\/\d+$/.exec(stage)?.[1] ?? 1);
}
