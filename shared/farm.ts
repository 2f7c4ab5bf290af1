import { z } from 'zod';
import { nameSchema } from './connection.ts';
import type { Node } from './node.ts';
import { type Platform, platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

/** A named group of connections. */
export const farmSchema = z.object({ name: nameSchema, connections: z.array(nameSchema) });
export type Farm = Readonly<z.infer<typeof farmSchema>>;

export const modeSchema = z.enum(['native', 'emulated']);
export type Mode = z.infer<typeof modeSchema>;

/** Processors of x86-64 run the instructions of the 32-bit ones before them, and so do their kernels as they are shipped. */
const alsoNative: Readonly<Record<string, string>> = { 'linux/amd64': 'linux/386' };

/**
 * How a node can build a platform, if it can. Native is what it is, and 386 on amd64. ARM's 32-bit platforms are not taken
 * for native on arm64: many of its processors cannot run them at all.
 */
export function modeOf(node: Node, platform: Platform): Mode | undefined {
  if (node.platform === platform || alsoNative[node.platform] === platform) {
    return 'native';
  }
  return node.emulated.includes(platform) ? 'emulated' : undefined;
}

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
