/** A bake: builds of several images that belong together. */
import { z } from 'zod';
import { problemSchema } from './problem.ts';

/** `blocked`: an image that it depends on was not built. `interrupted`: Barnraiser stopped before its build ended. */
export const imageStatusSchema = z.enum([
  'waiting',
  'running',
  'done',
  'failed',
  'cancelled',
  'blocked',
  'interrupted',
]);
export type ImageStatus = z.infer<typeof imageStatusSchema>;

export const bakedImageSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  reference: z.string(),
  /** The names of the images that are built before. */
  dependsOn: z.array(z.string()),
  status: imageStatusSchema,
  /** The id of its build. An image whose build could not start has none. */
  build: z.string().optional(),
  /** Its build is of an earlier bake, which this one repeats. */
  isReused: z.boolean().optional(),
  problem: problemSchema.optional(),
});
export type BakedImage = Readonly<z.infer<typeof bakedImageSchema>>;

export const bakeSchema = z.object({
  id: z.string(),
  /** The folder of its files. */
  project: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
  /** What an image depends on is before it. */
  images: z.array(bakedImageSchema),
  createdAt: z.string(),
  durationMs: z.number().optional(),
});
export type Bake = Readonly<z.infer<typeof bakeSchema>>;

/** The status of a bake whose images have ended. */
export function bakeStatus(images: readonly Pick<BakedImage, 'status'>[]): Bake['status'] {
  const has = (status: ImageStatus): boolean => images.some((image) => image.status === status);
  if (has('waiting') || has('running')) {
    return 'running';
  }
  if (has('interrupted')) {
    return 'interrupted';
  }
  return has('failed') ? 'failed' : has('cancelled') ? 'cancelled' : has('blocked') ? 'failed' : 'done';
}
