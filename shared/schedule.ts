import { z } from 'zod';
import type { Node } from './node.ts';
import { type Platform, platformSchema } from './platform.ts';
import { problemSchema } from './problem.ts';

export const modeSchema = z.enum(['native', 'emulated']);
export type Mode = z.infer<typeof modeSchema>;

/** x86-64 processors also run 32-bit x86 programs, and the kernels that distributions ship allow it. */
const alsoNative: Readonly<Record<string, string>> = { 'linux/amd64': 'linux/386' };

/**
 * How a node can build a platform, or undefined if it cannot. A node is native for its own platform, and an amd64 node
 * also for 386. An arm64 node does not count as native for 32-bit ARM: many arm64 processors cannot run 32-bit
 * programs.
 */
export function modeOf(node: Node, platform: Platform): Mode | undefined {
  if (node.platform === platform || alsoNative[node.platform] === platform) {
    return 'native';
  }
  return node.emulated.includes(platform) ? 'emulated' : undefined;
}

/** Which node builds a platform, how, and why that node was chosen (a short phrase for people). */
export const assignmentSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  mode: modeSchema,
  reason: z.string(),
});
export type Assignment = Readonly<z.infer<typeof assignmentSchema>>;

/**
 * The schedule of a build: one assignment per platform, the platforms that no node can build, and the nodes that are
 * left out because they are down.
 */
export const scheduleSchema = z.object({
  assignments: z.array(assignmentSchema),
  unassigned: z.array(z.object({ platform: platformSchema, problem: problemSchema })),
  leftOut: z.array(z.object({ node: z.string(), problem: problemSchema })),
});
export type Schedule = Readonly<z.infer<typeof scheduleSchema>>;
