import { z } from 'zod';
import { nameSchema } from './connection.ts';
import { platformSchema } from './platform.ts';

/** A named group of connections. */
export const farmSchema = z.object({
  name: nameSchema,
  connections: z.array(nameSchema),
  /** Which of its connections builds a platform, for all builds that do not say otherwise. */
  pins: z.record(platformSchema, nameSchema).optional(),
});
export type Farm = Readonly<z.infer<typeof farmSchema>>;

/**
 * Selects nodes by farm or by connection names. With neither: the default farm, or every connection if there is none.
 */
export const nodeSelectionSchema = z.object({
  farm: nameSchema.optional(),
  connections: z.array(nameSchema).min(1).optional(),
});
export type NodeSelection = Readonly<z.infer<typeof nodeSelectionSchema>>;
