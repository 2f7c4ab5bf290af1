/** Build arguments and labels whose values come from the git repository of the project. */
import { z } from 'zod';

/** Build arguments as LinuxKit's packages declare them. */
export const automaticArgNames = ['SOURCE', 'REVISION', 'GOPKGVERSION'] as const;
export type AutomaticArgName = (typeof automaticArgNames)[number];

/** Annotation keys of the OCI image specification, which are also the keys of labels. */
export const automaticLabelNames = [
  'org.opencontainers.image.source',
  'org.opencontainers.image.revision',
  'org.opencontainers.image.created',
  'org.opencontainers.image.version',
] as const;
export type AutomaticLabelName = (typeof automaticLabelNames)[number];
export type AutomaticName = AutomaticArgName | AutomaticLabelName;

/** Which of them a build has. Without a list: none of them. */
export const automaticSchema = z.object({
  args: z.array(z.enum(automaticArgNames)).optional(),
  labels: z.array(z.enum(automaticLabelNames)).optional(),
});
export type Automatic = Readonly<z.infer<typeof automaticSchema>>;

/** An argument or label that can be had: its value, or why it has none. */
export const automaticEntrySchema = z.object({
  name: z.string(),
  value: z.string().optional(),
  /** Why there is no value, or what is remarkable about it. A sentence. */
  note: z.string().optional(),
  /** Of an argument: whether the Containerfile declares it. Others are not passed. */
  isDeclared: z.boolean().optional(),
});
export type AutomaticEntry = Readonly<z.infer<typeof automaticEntrySchema>>;

/** What the repository of a project gives. */
export const automaticValuesSchema = z.object({
  args: z.array(automaticEntrySchema),
  labels: z.array(automaticEntrySchema),
  /** What holds for all of them: why there is no repository, or that files differ from the commit. Sentences. */
  notes: z.array(z.string()),
});
export type AutomaticValues = Readonly<z.infer<typeof automaticValuesSchema>>;

/** The arguments and labels that a build got from its repository, and what was remarkable. */
export const appliedAutomaticSchema = z.object({
  args: z.record(z.string(), z.string()),
  labels: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
});
export type AppliedAutomatic = Readonly<z.infer<typeof appliedAutomaticSchema>>;

/** Whether a request asks for any of them. */
export function wantsAutomatic(automatic: Automatic | undefined): automatic is Automatic {
  return (automatic?.args?.length ?? 0) + (automatic?.labels?.length ?? 0) > 0;
}

/** What a build got from its repository, as lines: `REVISION=1f0c…, from git`. */
export function automaticTexts({ args, labels, notes }: AppliedAutomatic): string[] {
  return [...Object.entries({ ...args, ...labels }).map(([name, value]) => `${name}=${value}, from git`), ...notes];
}
