import { z } from 'zod';
import { type Problem, problemCodes } from './failure.ts';
import { problemActionSchema } from './problem-action.ts';
import { sourceLinesSchema } from './source-lines.ts';

export { Failure, fail, type Problem, type ProblemCode, problemCodes, problemOf } from './failure.ts';

export const problemSchema = z.object({
  code: z.enum(problemCodes),
  message: z.string(),
  fix: z.string(),
  detail: z.string().optional(),
  source: sourceLinesSchema.optional(),
  actions: z.array(problemActionSchema).optional(),
}) satisfies z.ZodType<Problem>;

/** The answer to a call. `seq` is the number of the last event whose effect the value is certain to include. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly seq?: number }
  | { readonly ok: false; readonly problem: Problem };
