import { z } from 'zod';

/** What a project folder holds for a build. No file is read except the Containerfile. Sizes in bytes. */
export const projectSchema = z.object({
  /** Absolute path of the folder. */
  context: z.string(),
  name: z.string(),
  /** Paths of the Containerfiles, relative to the context. The chosen one comes first. */
  containerfiles: z.array(z.string()),
  stages: z.array(z.string()),
  buildArgs: z.array(z.object({ name: z.string(), default: z.string().optional() })),
  files: z.number(),
  bytes: z.number(),
  ignoredCount: z.number(),
  largest: z.array(z.object({ path: z.string(), bytes: z.number() })),
  warnings: z.array(z.object({ kind: z.string(), path: z.string(), message: z.string() })),
});
export type Project = Readonly<z.infer<typeof projectSchema>>;

/** A folder as the folder chooser shows it. */
export const folderSchema = z.object({
  path: z.string(),
  parent: z.string().optional(),
  folders: z.array(z.object({ name: z.string(), path: z.string(), hasContainerfile: z.boolean() })),
  hasContainerfile: z.boolean(),
});
export type Folder = Readonly<z.infer<typeof folderSchema>>;

/** An instruction of a Containerfile on one line, as engines print it, and the lines it covers, counted from 1. */
export const instructionSchema = z.object({ text: z.string(), firstLine: z.number(), lastLine: z.number() });
export type Instruction = Readonly<z.infer<typeof instructionSchema>>;
