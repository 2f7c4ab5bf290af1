/** Copies of images between registries and local storage. A pull is a copy into local storage. */
import { z } from 'zod';
import { digestSchema, referenceSchema } from './image.ts';
import { formatImageLocation, formatRegistryImage, parseImageLocation, parseRegistryImage } from './image-location.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';
import { credentialsSchema } from './push.ts';

/** A location of an image, see `image-location.ts`; the output is its full form. */
export const imageLocationSchema = z.string().transform((text, context) => {
  const location = parseImageLocation(text);
  if (typeof location === 'string') {
    context.addIssue({ code: 'custom', message: location });
    return z.NEVER;
  }
  return formatImageLocation(location);
});

/** The name of an image in a registry; the output is its full form. */
export const registryImageSchema = z.string().transform((text, context) => {
  const image = parseRegistryImage(text);
  if (typeof image === 'string') {
    context.addIssue({ code: 'custom', message: image });
    return z.NEVER;
  }
  return formatRegistryImage(image);
});

/**
 * A copy of an image. Bytes count blobs only. `totalBytes` includes `skippedBytes`, the blobs that the destination already has.
 * `doneBytes` of an image counts those that were copied or skipped.
 */
export const copySchema = z.object({
  id: z.string(),
  /** See `image-location.ts`. */
  source: z.string(),
  /** More sources, whose images are joined with those of the first in one list. */
  others: z.array(z.string()).optional(),
  destination: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  totalBytes: z.number(),
  copiedBytes: z.number(),
  skippedBytes: z.number(),
  images: z.array(
    z.object({ platform: platformSchema, digest: digestSchema, totalBytes: z.number(), doneBytes: z.number() }),
  ),
  /** Digest of the list at the destination. Set when the copy is done. */
  digest: digestSchema.optional(),
  /** After a merge: the platforms that the destination had and keeps. */
  kept: z.array(platformSchema).optional(),
  /** Whether somebody else has changed the destination during a merge. What they changed is kept, too. */
  hasRaced: z.boolean().optional(),
  /** What describes the images and was copied with them, except for entries of the list: signatures, for example. */
  attachments: z.number().optional(),
  /** What the list of the source has and the copy lacks: entries that are not images, such as lists in it. */
  leftOut: z.number().optional(),
  problem: problemSchema.optional(),
});
export type Copy = Readonly<z.infer<typeof copySchema>>;

const byId = z.object({ id: z.string() });
const tlsVerify = z.boolean().default(true);

export const copyCalls = {
  /**
   * Starts to bring an image from a registry into local storage, and returns before anything is read. Reports through
   * `copy.progress`. A list keeps its digest if all of its platforms are pulled.
   */
  'copies.pull': {
    input: z.object({
      source: registryImageSchema,
      /** Its name in local storage. Without it: that of the source. */
      reference: referenceSchema.optional(),
      /** Without them: all. */
      platforms: z.array(platformSchema).optional(),
      tlsVerify,
      credentials: credentialsSchema.optional(),
    }),
    output: copySchema,
  },
  /**
   * Starts to copy an image, or several that are joined in one list, to each destination, and returns before anything is read.
   * Between registries, nothing stays here. Reports through `copy.progress`.
   */
  'copies.start': {
    input: z.object({
      sources: z.array(imageLocationSchema).min(1).max(50),
      /** Each source is read once for all of them. In one registry, tags are set when everything is there. */
      destinations: z.array(imageLocationSchema).min(1).max(20),
      /** What becomes of a list that is there. `merge`: an image replaces that of its platform, and all others stay. */
      ifExists: z.enum(['replace', 'merge', 'refuse']).default('replace'),
      /** Without them: all. */
      platforms: z.array(platformSchema).optional(),
      /** Whether signatures and what else describes the images in their registry is copied, too. */
      attachments: z.boolean().default(true),
      tlsVerify,
      sourceCredentials: credentialsSchema.optional(),
      credentials: credentialsSchema.optional(),
    }),
    output: z.array(copySchema),
  },
  /** The copies since the app was started, newest first. */
  'copies.list': { input: z.object({}), output: z.array(copySchema) },
  'copies.cancel': { input: byId, output: z.object({}) },
  /** The tags of a repository in a registry. */
  'registry.tags': {
    input: z.object({ image: registryImageSchema, tlsVerify, credentials: credentialsSchema.optional() }),
    output: z.object({ tags: z.array(z.string()) }),
  },
} as const;

export const copyEvents = {
  'copy.progress': z.object({ copy: copySchema }),
  'copy.finished': z.object({ copy: copySchema }),
} as const;
