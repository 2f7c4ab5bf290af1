import { z } from 'zod';
import { baseCheckIntervals } from './base-image.ts';

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  /** How many builds the history keeps. Older builds are deleted with their logs. */
  keepBuilds: z.number().int().min(1).max(100_000).default(1000),
  /** Slots per node: how many jobs a node runs at once. */
  jobsPerNode: z.number().int().min(1).max(32).default(2),
  /** Whether builds that were interrupted are resumed when the app starts. Default: no. */
  resumeInterrupted: z.boolean().optional(),
  /** Whether jobs that take far longer than estimated are also started on another node, where a build does not say it. Default: no. */
  startsSlowJobsTwice: z.boolean().optional(),
  /** Whether provenance is recorded of builds, SBOMs are made, and images are signed, where a build does not say it. Default: no. */
  provenance: z.boolean().optional(),
  sbom: z.boolean().optional(),
  sign: z.boolean().optional(),
  /** The file of the private key that signs: an absolute path. */
  signKey: z.string().max(4096).optional(),
  /** Whether logs show the time of each line. Default: no. */
  logTimes: z.boolean().optional(),
  /**
   * Whether there are notifications at all while no window has the focus. Default: yes in the desktop
   * app; in the browser, which must ask for permission, no.
   */
  notifications: z.boolean().optional(),
  /** How often registries are asked for newer base images of builds. Default: never. */
  baseChecks: z.enum(baseCheckIntervals).optional(),
  /** Whether registries are asked about the base images of a project when it is opened in the window. Default: yes. */
  asksAboutBases: z.boolean().optional(),
  /** Whether a list of releases is asked once a day for a newer Barnraiser. Default: no. */
  releaseChecks: z.boolean().optional(),
  /** Where that list is, instead of the address of the build. Empty: that of the build. */
  releaseAddress: z.union([z.literal(''), z.url({ protocol: /^https?$/ }).max(2_000)]).optional(),
  /** The kinds of notifications that are off, see `notification-kind.ts`. Those of other versions are kept. */
  mutedNotifications: z.array(z.string().max(64)).max(64).optional(),
});
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
