import { z } from 'zod';
import type { LintRuleId } from './lint-rules.ts';
import { problemSchema } from './problem.ts';
import { problemActionSchema } from './problem-action.ts';

/** The rule of a Containerfile that a line violates. */
const lintRuleSchema = z.custom<LintRuleId>((value) => typeof value === 'string');

/** A secret or an SSH agent that a step of a Containerfile mounts. A step that needs none runs without it. */
const sourceMountSchema = z.object({ kind: z.enum(['secret', 'ssh']), id: z.string(), isRequired: z.boolean() });
export type SourceMount = Readonly<z.infer<typeof sourceMountSchema>>;

/** What a project folder holds for a build. No file is read except the Containerfile. Sizes in bytes. */
export const projectSchema = z.object({
  /** Absolute path of the folder or archive, or the URL of the repository without a login. */
  context: z.string(),
  name: z.string(),
  /** The commit of a project that comes from a git repository. */
  commit: z.string().optional(),
  /** Paths of the Containerfiles, relative to the context. The chosen one comes first. */
  containerfiles: z.array(z.string()),
  stages: z.array(z.string()),
  buildArgs: z.array(z.object({ name: z.string(), default: z.string().optional() })),
  mounts: z.array(sourceMountSchema),
  files: z.number(),
  bytes: z.number(),
  ignoredCount: z.number(),
  largest: z.array(z.object({ path: z.string(), bytes: z.number() })),
  /** What a person may not want to send or may not have meant. `message` continues a sentence that begins with the path. */
  warnings: z.array(
    z.object({
      kind: z.string(),
      path: z.string(),
      message: z.string(),
      /** A line of the file at `path`, counted from 1. */
      line: z.number().optional(),
      /** For what is wrong in the Containerfile. A note is only about how it is written. */
      rule: lintRuleSchema.optional(),
      isNote: z.boolean().optional(),
      actions: z.array(problemActionSchema).optional(),
    }),
  ),
  /** Why no engine can build the Containerfile, with the line, counted from 1. */
  errors: z.array(problemSchema.extend({ line: z.number(), rule: lintRuleSchema.optional() })),
});
export type Project = Readonly<z.infer<typeof projectSchema>>;
export type ProjectWarning = Project['warnings'][number];

/** A line of an ignore file. */
export const ignorePatternSchema = z
  .string()
  .min(1)
  .max(4_096)
  .regex(/^[^\r\n]*$/, 'A pattern is one line.');

/** A folder as the folder chooser shows it. */
export const folderSchema = z.object({
  path: z.string(),
  parent: z.string().optional(),
  folders: z.array(z.object({ name: z.string(), path: z.string(), hasContainerfile: z.boolean() })),
  hasContainerfile: z.boolean(),
  /** The names of its files, without hidden ones. Only the first if there are very many. */
  files: z.array(z.string()).optional(),
});
export type Folder = Readonly<z.infer<typeof folderSchema>>;

/** An instruction of a Containerfile on one line, as engines print it, and the lines it covers, counted from 1. */
export const instructionSchema = z.object({ text: z.string(), firstLine: z.number(), lastLine: z.number() });
export type Instruction = Readonly<z.infer<typeof instructionSchema>>;
