/** Tags that come from the content of a project: the hash of its folder in git, as LinuxKit makes them. */
import { z } from 'zod';

/** What differs from the hash of the project folder. Paths are absolute. */
export const tagRuleSchema = z.object({
  /** Instead of the hash that git gives. */
  hash: z
    .string()
    .regex(/^[\w.-]{1,128}$/, 'A hash has letters, digits, dots, dashes and underscores.')
    .optional(),
  /** The folder whose hash it is: one that the project is in. */
  folder: z.string().min(1).max(4096).optional(),
  /** `{{.Hash}}` stands for the hash. */
  template: z.string().max(1000).optional(),
  /** The project counts as changed, whatever git says. */
  isDirty: z.boolean().optional(),
});
export type TagRule = Readonly<z.infer<typeof tagRuleSchema>>;

export const contentTagSchema = z.object({
  tag: z.string(),
  /** Without what the template adds. */
  hash: z.string(),
  /** Files differ from the commit: the tag is not one for others. */
  isDirty: z.boolean(),
  /** Sentences about what the tag does not tell. */
  notes: z.array(z.string()).default([]),
});
export type ContentTag = Readonly<z.infer<typeof contentTagSchema>>;
