import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/**
 * A push of a manifest list and its images to a registry. Bytes count blobs only. `totalBytes` includes `skippedBytes`,
 * the blobs that the registry already has. `doneBytes` of an image counts uploaded and skipped blobs.
 */
export const pushSchema = z.object({
  id: z.string(),
  reference: z.string(),
  destination: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  totalBytes: z.number(),
  uploadedBytes: z.number(),
  skippedBytes: z.number(),
  images: z.array(
    z.object({ platform: platformSchema, digest: digestSchema, totalBytes: z.number(), doneBytes: z.number() }),
  ),
  /** Digest of the manifest list in the registry. Set when the push is done. */
  digest: digestSchema.optional(),
  problem: problemSchema.optional(),
});
export type Push = Readonly<z.infer<typeof pushSchema>>;
