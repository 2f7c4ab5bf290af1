import { z } from 'zod';

/** Archives of other images among the files of a build, as packages of LinuxKit have them. They are in no folder of the user. */
export const imageArchivesSchema = z.object({
  /** `[REGISTRY/]NAME[:TAG]@DIGEST` */
  images: z.array(z.string().min(1).max(500)).min(1).max(100),
  /** A path in the context: of one file with all of them, or of a folder with a file for each, which replaces what is there. */
  to: z.string().min(1).max(1000),
  kind: z.enum(['file', 'folder']),
});
export type ImageArchives = Readonly<z.infer<typeof imageArchivesSchema>>;
