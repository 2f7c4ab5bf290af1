import { z } from 'zod';

/** Lines of a file of the project, counted from 1. */
export const sourceLinesSchema = z.object({ file: z.string(), firstLine: z.number(), lastLine: z.number() });
export type SourceLines = Readonly<z.infer<typeof sourceLinesSchema>>;
