import { z } from 'zod';

/** Where a line of a log is from: the program of a step, or the engine and Barnraiser. */
export const logStreamSchema = z.enum(['stdout', 'stderr', 'engine']);
export type LogStream = z.infer<typeof logStreamSchema>;

/**
 * Lines of a log, and facts about each of them in parallel arrays, which take little space. Logs of older versions have no
 * facts.
 */
export const logLinesShape = {
  lines: z.array(z.string()),
  /** The id of the step that each line belongs to; null for lines of no step or of an attempt on a lost node. */
  stepIds: z.array(z.string().nullable()).optional(),
  /** When each line arrived, in milliseconds since 1970. */
  times: z.array(z.number()).optional(),
  streams: z.array(logStreamSchema).optional(),
};
