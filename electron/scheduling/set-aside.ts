import type { Platform } from '../../shared/platform.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { Unavailable } from '../nodes/unavailable.ts';
import { scheduleAroundHolds } from './held-nodes.ts';
import type { ScheduleInput } from './schedule.ts';

/**
 * A schedule without the nodes that should get no jobs now. One of them is used if a person has pinned a platform to it, or if no
 * other node can build a platform: that is better than no image.
 */
export function scheduleAround(input: ScheduleInput, unavailable: Unavailable): Schedule {
  if (!input.nodes.some(({ state, connection }) => state === 'up' && Object.hasOwn(unavailable, connection))) {
    return scheduleAroundHolds(input);
  }
  const whole = scheduleAroundHolds(input);
  const platforms = [...new Set(input.platforms ?? [...whole.assignments, ...whole.unassigned].map(platformOf))];
  const around = scheduleAroundHolds({ ...input, platforms, unavailable: { ...unavailable, ...input.unavailable } });
  const needed = whole.assignments.flatMap((assignment) => {
    const { platform, node, reason } = assignment;
    const problem = unavailable[node];
    if (
      !problem ||
      around.assignments.some((other) => other.platform === platform && input.pins?.[platform] !== node)
    ) {
      return [];
    }
    const why = problem.message.replace(/\.$/, '');
    const note = input.pins?.[platform] === node ? why : `no other node can build it (${why})`;
    return [{ ...assignment, reason: `${reason}; ${note}` }];
  });
  if (needed.length === 0) {
    return around;
  }
  const { finish: _, ...rest } = around;
  const isNeeded = (platform: Platform): boolean => needed.some((assignment) => assignment.platform === platform);
  const assignments = platforms.flatMap(
    (platform) => [...needed, ...around.assignments].find((assignment) => assignment.platform === platform) ?? [],
  );
  return {
    ...rest,
    assignments,
    unassigned: around.unassigned.filter(({ platform }) => !isNeeded(platform)),
    leftOut: around.leftOut.filter(({ node }) => assignments.every((assignment) => assignment.node !== node)),
  };
}

function platformOf({ platform }: { readonly platform: Platform }): Platform {
  return platform;
}
