import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** Used for one push and never stored. */
export const credentialsSchema = z.object({ username: z.string(), password: z.string() });
export type Credentials = Readonly<z.infer<typeof credentialsSchema>>;

/** Another compression of the layers than that in local storage. Images and list get other digests by it. */
export const pushCompressionSchema = z
  .object({
    format: z.enum(['gzip', 'zstd']),
    /** gzip: 1 to 9; zstd: 1 to 22. Without it: 6 and 3. */
    level: z.number().int().min(1).max(22).optional(),
    /** Whether layers that have this compression are compressed anew, too. */
    force: z.boolean().optional(),
  })
  .refine(({ format, level = 1 }) => format === 'zstd' || level <= 9, 'The level of gzip is 1 to 9.');
export type PushCompression = Readonly<z.infer<typeof pushCompressionSchema>>;
/** A further tag that was given to a pushed list or to one of its images. */
export const pushedTagSchema = z.object({ reference: z.string(), digest: digestSchema });
export type PushedTag = Readonly<z.infer<typeof pushedTagSchema>>;

/**
 * A push of a manifest list and its images to a registry. Bytes count blobs only. `totalBytes` includes `skippedBytes`,
 * the blobs that the registry already has. `doneBytes` of an image counts uploaded and skipped blobs.
 */
const pushObject = z.object({
  id: z.string(),
  /** The build that is pushed while it runs. Its images are known when all of them are built. */
  buildId: z.string().optional(),
  /** Whether it goes to a further destination of the build. */
  isFurther: z.boolean().optional(),
  /** The same for pushes that were started together, each to its destination. */
  group: z.string().optional(),
  reference: z.string(),
  destination: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  totalBytes: z.number(),
  uploadedBytes: z.number(),
  skippedBytes: z.number(),
  images: z.array(
    z.object({ platform: platformSchema, digest: digestSchema, totalBytes: z.number(), doneBytes: z.number() }),
  ),
  /** Whether nodes push their images themselves. Such a list is not in local storage. */
  direct: z.boolean().optional(),
  compression: pushCompressionSchema.optional(),
  /** While layers are compressed for the push: bytes of the layers as they are stored. */
  compressing: z.object({ doneBytes: z.number(), totalBytes: z.number() }).optional(),
  /** What another compression leaves out: descriptions of the images as they are in local storage, such as signatures. */
  leftOut: z.number().optional(),
  /** The nodes that could not do so, and why: their images went through this computer. */
  notDirect: z.array(z.object({ node: z.string(), problem: problemSchema })).optional(),
  /** After a merge: the platforms that the registry had and keeps. */
  kept: z.array(platformSchema).optional(),
  /** Whether somebody else has changed the tag during a merge. What they changed is kept, too. */
  hasRaced: z.boolean().optional(),
  /** Digest of the manifest list in the registry. Set when the push is done. */
  digest: digestSchema.optional(),
  /** Further tags, once they are there. */
  tags: z.array(pushedTagSchema).optional(),
  problem: problemSchema.optional(),
});
type PushObject = typeof pushObject;
/** Named, since the compiler writes out types without a name wherever they are used. */
export interface PushSchema extends PushObject {}
export const pushSchema: PushSchema = pushObject;
export type Push = Readonly<z.infer<typeof pushSchema>>;

/** A push that is done. `at`: when it ended, ISO 8601. `digest`: of the manifest list. */
export const pushRecordSchema = z.object({
  reference: z.string(),
  destination: z.string(),
  digest: digestSchema,
  at: z.string(),
  /** False if plain HTTP and untrusted certificates were allowed. Missing in records of earlier versions. */
  tlsVerify: z.boolean().optional(),
});
export type PushRecord = Readonly<z.infer<typeof pushRecordSchema>>;
