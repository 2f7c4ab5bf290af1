/** What becomes of an output, and the calls for outputs. */
import { z } from 'zod';
import { referenceSchema } from './image.ts';
import { outputProblem } from './output.ts';
import { problemSchema } from './problem.ts';

/** See `parseOutput`. Paths are absolute. */
export const outputSchema = z
  .string()
  .max(8192)
  .superRefine((text, { addIssue }) => {
    const found = outputProblem(text);
    if (found) {
      addIssue({ code: 'custom', message: `"${text}" ${found.problem}. ${found.fix}` });
    }
  });

/** One output of an image, while it is written and afterwards. Bytes are those of blobs, as they are stored. */
export const outputStateSchema = z.object({
  id: z.string(),
  /** The build that it belongs to. */
  buildId: z.string().optional(),
  reference: z.string(),
  /** As in a request. */
  output: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  totalBytes: z.number(),
  doneBytes: z.number(),
  /** What was written: the file, or the folder. */
  path: z.string().optional(),
  /** The names of the images in an engine. */
  images: z.array(z.string()).optional(),
  /** What is different from the image, each a sentence. */
  notes: z.array(z.string()).optional(),
  problem: problemSchema.optional(),
});
export type OutputState = Readonly<z.infer<typeof outputStateSchema>>;

export const outputCalls = {
  /** Starts to write an output of an image in local storage. Reports through `output.changed`. */
  'outputs.start': {
    input: z.object({
      reference: referenceSchema,
      output: outputSchema,
      /** Also replaces a file or folder that is there. */
      replaces: z.boolean().default(false),
    }),
    output: outputStateSchema,
  },
  /** Writes an output of an ended build again, whose image is still in local storage. Its record is updated. */
  'outputs.repeat': { input: z.object({ buildId: z.string(), output: outputSchema }), output: outputStateSchema },
  /** Cancels an output. What it has written so far is removed. */
  'outputs.cancel': { input: z.object({ id: z.string() }), output: z.object({}) },
  /** The outputs since the app was started, newest first. */
  'outputs.list': { input: z.object({}), output: z.array(outputStateSchema) },
} as const;

export const outputEvents = {
  /** An output was started, has made progress or has ended. */
  'output.changed': z.object({ output: outputStateSchema }),
} as const;
