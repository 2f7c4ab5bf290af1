/** The base images of builds, and whether their registries have newer ones. */
import { z } from 'zod';
import { digestSchema, referenceSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** How often base images are looked up without being asked for. */
export const baseCheckIntervals = ['off', 'daily', 'weekly'] as const;
export type BaseCheckInterval = (typeof baseCheckIntervals)[number];

/** The newest build of an image that has used a base image. */
const baseUseSchema = z.object({
  /** The id of the build. */
  build: z.string(),
  reference: referenceSchema,
  platforms: z.array(
    z.object({
      platform: platformSchema,
      /** What the build has used. */
      digest: digestSchema,
      /** What the registry has for the platform now. Missing if it was not asked, or has none. */
      current: digestSchema.optional(),
      isNewer: z.boolean(),
    }),
  ),
});

export const baseImageSchema = z.object({
  /** As the Containerfile names it. */
  name: z.string(),
  /** `unknown`: its registry was not asked, or could not be. `pinned`: it is named by its digest, so that it never changes. */
  status: z.enum(['current', 'newer', 'unknown', 'pinned']),
  /** What the tag leads to now. */
  digest: digestSchema.optional(),
  problem: problemSchema.optional(),
  uses: z.array(baseUseSchema),
});
export type BaseImage = Readonly<z.infer<typeof baseImageSchema>>;

export const baseImagesSchema = z.object({
  /** When registries were asked last, ISO 8601. */
  checkedAt: z.string().optional(),
  bases: z.array(baseImageSchema),
});
export type BaseImages = Readonly<z.infer<typeof baseImagesSchema>>;

export const baseImageCalls = {
  /**
   * The base images of the newest builds. With `check`, each of their registries is asked for each tag once, with saved logins.
   */
  'bases.list': { input: z.object({ check: z.boolean().default(false) }), output: baseImagesSchema },
} as const;

export const baseImageEvents = {
  /** Registries were asked for base images. */
  'bases.changed': z.object({ bases: baseImagesSchema }),
  /** A check that no person has started has found newer base images that were not reported before. */
  'bases.newer': z.object({
    names: z.array(z.string()).min(1),
    references: z.array(z.string()),
    /** The ids of the newest builds of these images. */
    builds: z.array(z.string()),
  }),
} as const;
