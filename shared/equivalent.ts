/** The same build with other tools. */
import { z } from 'zod';

export const equivalentKindSchema = z.enum(['podman', 'podman-farm', 'buildx', 'github', 'gitlab']);
export type EquivalentKind = z.infer<typeof equivalentKindSchema>;

export const equivalentSchema = z.object({
  kind: equivalentKindSchema,
  /** Commands for a POSIX shell, or YAML. */
  text: z.string(),
  /** What is different there, or cannot be said. Sentences. */
  notes: z.array(z.string()),
});
export type Equivalent = Readonly<z.infer<typeof equivalentSchema>>;
