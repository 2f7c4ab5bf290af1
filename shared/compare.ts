/** Comparisons of two images: platforms, layers, configuration, packages and files. */
import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { credentialsSchema } from './push.ts';

/** How many differences of one kind a comparison lists. All of them are counted. */
export const maxListedDifferences = 500;

const sideSchema = z.object({
  /** As it was asked for. */
  name: z.string(),
  /** Of the list. */
  digest: digestSchema,
  platforms: z.array(platformSchema),
  /** Why its configuration and files are not known: the images of an old build are gone, for example. */
  lacks: z.string().optional(),
});

const layerSchema = z.object({ digest: digestSchema, size: z.number() });

/** A value that one of them has and the other has not, or that differs. */
const valueSchema = z.object({ name: z.string(), a: z.string().optional(), b: z.string().optional() });
export type ComparedValue = Readonly<z.infer<typeof valueSchema>>;

const countsSchema = z.object({ added: z.number(), removed: z.number(), changed: z.number() });

export const fileChangeSchema = z.object({
  path: z.string(),
  /** `rewritten`: only its time differs, so that its content may differ. */
  change: z.enum(['added', 'removed', 'changed', 'rewritten']),
  /** Bytes. */
  a: z.number().optional(),
  b: z.number().optional(),
  /** What differs besides the size: `mode 644 → 755`. */
  note: z.string().optional(),
});
export type FileChange = Readonly<z.infer<typeof fileChangeSchema>>;

export const platformComparisonSchema = z.object({
  platform: platformSchema,
  /** `added`: only the second image has it. */
  status: z.enum(['same', 'changed', 'added', 'removed']),
  a: digestSchema.optional(),
  b: digestSchema.optional(),
  /** Bytes of configuration and layers, as they are stored. */
  sizeA: z.number().optional(),
  sizeB: z.number().optional(),
  layers: z.object({
    shared: z.array(layerSchema),
    added: z.array(layerSchema),
    removed: z.array(layerSchema),
  }),
  /** Missing where one configuration is not known. */
  config: z.array(valueSchema).optional(),
  packages: countsSchema.extend({ entries: z.array(valueSchema), problems: z.number() }).optional(),
  files: countsSchema
    .extend({
      rewritten: z.number(),
      /** The largest differences first. */
      entries: z.array(fileChangeSchema),
      /** Bytes of all files, before and after. */
      bytesA: z.number(),
      bytesB: z.number(),
      /** Whether a layer could not be read to its end. */
      isPartial: z.boolean(),
    })
    .optional(),
  /** Bytes of layers that are not here, without which files and packages are not known. */
  missingBytes: z.number().optional(),
});
export type PlatformComparison = Readonly<z.infer<typeof platformComparisonSchema>>;

export const comparisonSchema = z.object({
  a: sideSchema,
  b: sideSchema,
  isSame: z.boolean(),
  platforms: z.array(platformComparisonSchema),
});
export type Comparison = Readonly<z.infer<typeof comparisonSchema>>;

export const compareCalls = {
  /**
   * Compares two images. Each is a location of an image, see `image-location.ts`, or the id of a build. Files and packages are
   * compared where all layers are here, or are fetched for it; nothing that was fetched stays.
   */
  'images.compare': {
    input: z.object({
      a: z.string().min(1).max(1000),
      b: z.string().min(1).max(1000),
      /** Without them: all. */
      platforms: z.array(platformSchema).optional(),
      /** `here`: only of layers that are here. `fetch`: also of those in registries. */
      files: z.enum(['none', 'here', 'fetch']).default('here'),
      tlsVerify: z.boolean().default(true),
      credentials: credentialsSchema.optional(),
    }),
    output: comparisonSchema,
  },
} as const;
