import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';

/** What provenance says in short, for people. Nothing of it is verified. */
export const provenanceSummarySchema = z.object({
  /** The program that has written it, if it is a known one: Barnraiser or BuildKit. */
  program: z.string().optional(),
  builder: z.string().optional(),
  buildType: z.string().optional(),
  /** The id of the build. */
  invocation: z.string().optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  /** What it was made of. */
  dependencies: z.array(z.object({ uri: z.string(), digest: z.string().optional() })),
});

/** What was recorded of one image when it was built. */
export const provenanceSchema = z.object({
  digest: digestSchema,
  platform: platformSchema,
  statements: z.array(
    z.object({
      predicateType: z.string(),
      /** Of the manifest that has the statement. */
      manifest: digestSchema,
      /** Set if it does not say itself that it is about this image. */
      isOther: z.boolean().optional(),
      /** Where it is: beside the list, or an entry of the list. */
      form: z.enum(['referrer', 'list']),
      summary: provenanceSummarySchema,
      /** The in-toto statement as it is. */
      statement: z.unknown(),
    }),
  ),
});
export type Provenance = Readonly<z.infer<typeof provenanceSchema>>;
export type ProvenanceSummary = Readonly<z.infer<typeof provenanceSummarySchema>>;
