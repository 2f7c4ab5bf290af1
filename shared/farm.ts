import { z } from 'zod';
import { nameSchema } from './connection.ts';
import { platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** A named group of connections. */
export const farmSchema = z.object({ name: nameSchema, connections: z.array(nameSchema) });
export type Farm = Readonly<z.infer<typeof farmSchema>>;

export const modeSchema = z.enum(['native', 'emulated']);
export type Mode = z.infer<typeof modeSchema>;

/** Who builds a platform, how, and why it was chosen (a short phrase for people). */
export const assignmentSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  mode: modeSchema,
  reason: z.string(),
});
export type Assignment = Readonly<z.infer<typeof assignmentSchema>>;

/** The plan of a build: one assignment a platform, what nobody can build, and which connections were left out. */
export const scheduleSchema = z.object({
  assignments: z.array(assignmentSchema),
  unassigned: z.array(z.object({ platform: platformSchema, problem: problemSchema })),
  leftOut: z.array(z.object({ node: z.string(), problem: problemSchema })),
});
export type Schedule = Readonly<z.infer<typeof scheduleSchema>>;
