/** Manifest lists as their entries, and changes of them, in local storage and in registries. */
import { z } from 'zod';
import { imageLocationSchema } from './copy.ts';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';
import { credentialsSchema } from './push.ts';

const listAccessShape = {
  image: imageLocationSchema,
  tlsVerify: z.boolean().default(true),
  credentials: credentialsSchema.optional(),
};

/** One entry of a list as it is written there. */
export const rawEntrySchema = z.object({
  digest: digestSchema,
  mediaType: z.string(),
  /** Of the manifest, in bytes. */
  size: z.number(),
  /** As the list writes it, such as `linux/arm64/v8`. Attachments have `unknown/unknown` or none. */
  platform: z.string().optional(),
  osVersion: z.string().optional(),
  osFeatures: z.array(z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  /** The image that it describes. */
  describes: digestSchema.optional(),
});
export type RawEntry = Readonly<z.infer<typeof rawEntrySchema>>;

export const rawListSchema = z.object({
  /** See `image-location.ts`. */
  image: z.string(),
  digest: digestSchema,
  mediaType: z.string(),
  /** Empty for a single image. */
  entries: z.array(rawEntrySchema),
  annotations: z.record(z.string(), z.string()).optional(),
  /** The manifest as it is stored. */
  manifest: z.unknown(),
});
export type RawList = Readonly<z.infer<typeof rawListSchema>>;

/** A platform, or a digest. */
const targetSchema = z.union([digestSchema, platformSchema]);

export const listEditSchema = z.discriminatedUnion('kind', [
  /** The entries of a platform or with a digest go, with what describes them. */
  z.object({ kind: z.literal('remove'), target: targetSchema }),
  /** Without a target, the annotations are of the list itself. What is empty is removed. */
  z.object({
    kind: z.literal('annotate'),
    target: targetSchema.optional(),
    annotations: z.record(z.string().min(1), z.string()).default({}),
    osVersion: z.string().optional(),
    osFeatures: z.array(z.string()).optional(),
    variant: z.string().optional(),
  }),
]);
export type ListEdit = z.infer<typeof listEditSchema>;

export const listCalls = {
  'lists.inspect': { input: z.object(listAccessShape), output: rawListSchema },
  /** Changes a list. A change that somebody else makes to a tag at the same time is kept. */
  'lists.edit': {
    input: z.object({ ...listAccessShape, edit: listEditSchema }),
    output: z.object({
      list: rawListSchema,
      /** The digest that the name had before. */
      before: digestSchema,
      /** Whether somebody else has changed the tag in between. */
      hasRaced: z.boolean(),
    }),
  },
} as const;
