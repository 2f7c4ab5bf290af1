import { z } from 'zod';
import { sourceLinesSchema } from './source-lines.ts';

/** What an engine warns of in a build that goes on. */
export const buildWarningSchema = z.object({
  text: z.string(),
  /** What it means and what to do. Several lines. */
  detail: z.string().optional(),
  /** Where more is written about it. */
  url: z.string().optional(),
  source: sourceLinesSchema.optional(),
  stepId: z.string().optional(),
});
export type BuildWarning = Readonly<z.infer<typeof buildWarningSchema>>;
