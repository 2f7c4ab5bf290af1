import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** Used for one push and never stored. */
export const credentialsSchema = z.object({ username: z.string(), password: z.string() });
export type Credentials = Readonly<z.infer<typeof credentialsSchema>>;

/**
 * A push of a manifest list and its images to a registry. Bytes count blobs only. `totalBytes` includes `skippedBytes`,
 * the blobs that the registry already has. `doneBytes` of an image counts uploaded and skipped blobs.
 */
export const pushSchema = z.object({
  id: z.string(),
  /** The build that is pushed while it runs. Its images are known when all of them are built. */
  buildId: z.string().optional(),
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
  /** The nodes that could not do so, and why: their images went through this computer. */
  notDirect: z.array(z.object({ node: z.string(), problem: problemSchema })).optional(),
  /** Digest of the manifest list in the registry. Set when the push is done. */
  digest: digestSchema.optional(),
  problem: problemSchema.optional(),
});
export type Push = Readonly<z.infer<typeof pushSchema>>;

/** A push that is done. `at`: when it ended, ISO 8601. `digest`: of the manifest list. */
export const pushRecordSchema = z.object({
  reference: z.string(),
  destination: z.string(),
  digest: digestSchema,
  at: z.string(),
});
export type PushRecord = Readonly<z.infer<typeof pushRecordSchema>>;
