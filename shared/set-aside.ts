import { z } from 'zod';
import { problemSchema } from './problem.ts';

/** Why a node that answers gets no jobs for a while: it failed again and again. */
export const setAsideSchema = z.object({
  /** Until then it gets no jobs. Afterwards it gets one, which decides. ISO 8601. */
  until: z.string(),
  /** How many failures led to it. */
  failures: z.number(),
  /** The last of them. */
  problem: problemSchema,
  /** Since when one job tries whether the node works again. */
  trialSince: z.string().optional(),
});
export type SetAside = Readonly<z.infer<typeof setAsideSchema>>;
