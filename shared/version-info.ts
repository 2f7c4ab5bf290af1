/** What this Barnraiser is, and whether there is a newer release of it. */
import { z } from 'zod';

export const versionInfoSchema = z.object({
  version: z.string(),
  /** The commit that it was built from, with `-dirty` if files differed from it. Missing if it runs from its sources. */
  commit: z.string().optional(),
  /** The time of the commit, ISO 8601. */
  committedAt: z.string().optional(),
  node: z.string(),
  electron: z.string().optional(),
  /** Such as `linux x64`. */
  system: z.string(),
  /** The versions of the files in the data folder, by the names of `dataFormats`. */
  formats: z.record(z.string(), z.number()),
});
export type VersionInfo = Readonly<z.infer<typeof versionInfoSchema>>;

export const releaseSchema = z.object({
  version: z.string(),
  /** Where a person reads of it and downloads it. */
  page: z.string(),
  publishedAt: z.string().optional(),
});
export type Release = Readonly<z.infer<typeof releaseSchema>>;

export const releaseStateSchema = z.object({
  /** The address that is asked. Missing if neither the build nor a person names one: then nothing is ever asked. */
  address: z.string().optional(),
  /** Whether it is asked once a day. */
  isOn: z.boolean(),
  checkedAt: z.string().optional(),
  /** The newest release that is newer than this version. */
  newer: releaseSchema.optional(),
});
export type ReleaseState = Readonly<z.infer<typeof releaseStateSchema>>;

export const releaseCalls = {
  /** What is known of newer releases. Asks no one. */
  'releases.get': { input: z.object({}), output: releaseStateSchema },
  /** Asks now. */
  'releases.check': { input: z.object({}), output: releaseStateSchema },
} as const;

export const releaseEvents = {
  /** A newer release was found by a check that no person started. Once for each release. */
  'releases.newer': z.object({ release: releaseSchema }),
} as const;
