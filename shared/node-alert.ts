import { z } from 'zod';

/**
 * What a person should hear of nodes. `down`: they had answered and do not any more. `back`: they were reported as down and answer.
 * `disk-low`: the disk of their image storage is nearly full. `set-aside`: they get no jobs for a while, because jobs have failed
 * there again and again.
 */
export const nodeAlertSchema = z.object({
  kind: z.enum(['down', 'back', 'disk-low', 'set-aside']),
  /** The names of connections. */
  nodes: z.array(z.string()).min(1),
});
export type NodeAlert = Readonly<z.infer<typeof nodeAlertSchema>>;
