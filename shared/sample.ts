import { z } from 'zod';
import { type Sample, sampleRangeNames } from './node-history.ts';

/** A moment of a node, see {@link Sample}. */
export const sampleSchema = z.object({
  at: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  load: z.number().min(0).max(1e6).optional(),
  memoryFree: z.number().min(0).optional(),
  diskFree: z.number().min(0).optional(),
  running: z.number().min(0).max(1e6).optional(),
  waiting: z.number().min(0).max(1e6).optional(),
  down: z.literal(true).optional(),
}) satisfies z.ZodType<Sample>;

export const sampleRangeSchema = z.enum(sampleRangeNames);

/** What is known of one node over a range: its samples, oldest first. */
export const nodeSamplesSchema = z.object({ node: z.string(), samples: z.array(sampleSchema) });
export type NodeSamples = Readonly<z.infer<typeof nodeSamplesSchema>>;
