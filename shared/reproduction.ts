import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';

/** A difference between an image and the same one that was built again. */
const differenceSchema = z.object({
  part: z.enum(['manifest', 'configuration', 'layer', 'file']),
  /** The number of the layer, counted from 1; the path of the file; the field of the configuration. */
  name: z.string(),
  text: z.string(),
});
export type Difference = Readonly<z.infer<typeof differenceSchema>>;

/** Whether a build gave the same image again. */
export const reproductionSchema = z.object({
  reference: z.string(),
  /** The id of the build that was repeated, and of the one that repeated it. */
  build: z.string(),
  rebuild: z.string(),
  /** Of the manifest list. */
  digest: digestSchema,
  newDigest: digestSchema.optional(),
  isReproduced: z.boolean(),
  platforms: z.array(
    z.object({
      platform: platformSchema,
      digest: digestSchema,
      /** Missing if the platform was not built again. */
      newDigest: digestSchema.optional(),
      isReproduced: z.boolean(),
      /** The first ones. */
      differences: z.array(differenceSchema),
      /** How many more there are. */
      moreDifferences: z.number(),
    }),
  ),
  /** What would make it reproducible, as sentences. */
  advice: z.array(z.string()),
});
export type Reproduction = Readonly<z.infer<typeof reproductionSchema>>;
