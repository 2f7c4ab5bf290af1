import { z } from 'zod';
import { emulationSchema } from './emulation.ts';
import type { Node } from './node.ts';
import { type Platform, platformOf, platformParts, platformSchema, platformsRunBy } from './platform.ts';
import { problemSchema } from './problem.ts';

export const modeSchema = z.enum(['native', 'emulated']);
export type Mode = z.infer<typeof modeSchema>;

/** A node's own platform, and what is known of its processor. */
type NodePlatforms = Pick<Node, 'platform' | 'processor' | 'emulated' | 'allowedPlatforms' | 'preferences'>;

/**
 * Every platform that a node can and may build, and how: its own platform first, then the others that its processor runs, then
 * those that it emulates.
 */
export function modesOf({
  platform,
  processor,
  emulated,
  allowedPlatforms,
  preferences,
}: NodePlatforms): ReadonlyMap<Platform, Mode> {
  const { os, architecture, variant } = platformParts(platform);
  const highest = platformOf({ os, architecture, variant: processor?.variant ?? variant }) ?? platform;
  const native = platformsRunBy(highest, processor?.runs32Bit).sort();
  const emulates = preferences?.emulation === 'never' ? [] : emulated;
  const others = emulates.flatMap((each) => platformsRunBy(each, false)).filter((each) => !native.includes(each));
  const isAllowed = (name: Platform) => allowedPlatforms?.includes(name) ?? true;
  const modes = (names: readonly Platform[], mode: Mode) =>
    names.filter(isAllowed).map((name) => [name, mode] as const);
  return new Map([...modes([platform, ...native], 'native'), ...modes(others, 'emulated')]);
}

/** How a node can build a platform, or undefined if it cannot. */
export function modeOf(node: NodePlatforms, platform: Platform): Mode | undefined {
  return modesOf(node).get(platform);
}

/** The platforms that a node adds to a build that names none: its own, or those that it is there for, as far as they are native. */
export function ownPlatforms(node: NodePlatforms): Platform[] {
  const native = [...modesOf(node)].flatMap(([platform, mode]) => (mode === 'native' ? platform : []));
  return node.allowedPlatforms ? native : [node.platform];
}

/** How long something takes, in milliseconds: what is likely, and between which times it is in about four of five cases. */
export const estimateSchema = z.object({ ms: z.number(), low: z.number(), high: z.number() });
export type Estimate = Readonly<z.infer<typeof estimateSchema>>;

/** Which node builds a platform, how, and why that node was chosen (a short phrase for people). */
export const assignmentSchema = z.object({
  platform: platformSchema,
  node: z.string(),
  mode: modeSchema,
  reason: z.string(),
  /** How long the job takes on its node, without waiting for a slot. Missing if too little is known, as in older records. */
  estimate: estimateSchema.optional(),
  /** When the job is done, counted from the schedule: with the jobs that come before it on its node. */
  finish: estimateSchema.optional(),
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
  /** When all assigned platforms are done, counted from the schedule. Missing if it is not known of one of them. */
  finish: estimateSchema.optional(),
  /** What is known of the platforms that are emulated. Records of older versions do not have it. */
  emulation: z.array(emulationSchema).optional(),
});
export type Schedule = Readonly<z.infer<typeof scheduleSchema>>;
