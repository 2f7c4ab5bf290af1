import { z } from 'zod';

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  /** How many builds the history keeps. Older builds are deleted with their logs. */
  keepBuilds: z.number().int().min(1).max(100_000).default(1000),
  /** Slots per node: how many jobs a node runs at once. */
  jobsPerNode: z.number().int().min(1).max(32).default(2),
  /** Whether logs show the time of each line. Default: no. */
  logTimes: z.boolean().optional(),
  /**
   * Whether ended builds and pushes, and questions, are notified while no window has the focus. Default: yes in the desktop
   * app; in the browser, which must ask for permission, no.
   */
  notifications: z.boolean().optional(),
});
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
