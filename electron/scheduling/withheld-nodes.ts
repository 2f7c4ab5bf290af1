import type { Platform } from '../../shared/platform.ts';
import type { HoldState } from '../../shared/queue.ts';
import type { Assignment, Schedule } from '../../shared/schedule.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import { heldNodes, type Unavailable } from '../nodes/unavailable.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

/**
 * A schedule without the nodes that should get no jobs now: those that failed again and again and are set aside, and those that a person
 * has paused or drained, as their load says. If a person has pinned a platform to one of them, or if no other node can build a platform,
 * it is used all the same: one that is set aside, because that is better than no image, else one that is paused, for which the job
 * waits. A drained node never is.
 *
 * A pure function, like {@link schedule}.
 */
export function scheduleAround(input: ScheduleInput, setAside: Unavailable): Schedule {
  const paused = heldAs(input.load, 'paused');
  const never = { ...heldAs(input.load, 'draining'), ...input.unavailable };
  const withheld = { ...setAside, ...paused, ...never };
  if (!input.nodes.some(({ connection }) => Object.hasOwn(withheld, connection))) {
    return schedule(input);
  }
  const whole = schedule({ ...input, unavailable: never });
  const platforms = [...new Set(input.platforms ?? platformsOf([...whole.assignments, ...whole.unassigned]).sort())];
  const isPinned = ({ platform, node }: Assignment): boolean => input.pins?.[platform] === node;
  const needed = whole.assignments.filter((each) => isPinned(each) && Object.hasOwn(withheld, each.node));
  const others = platforms.filter((platform) => !platformsOf(needed).includes(platform));
  const around = schedule({ ...input, platforms: others, unavailable: withheld });
  let { unassigned } = around;
  for (const unavailable of [{ ...paused, ...never }, never]) {
    if (unassigned.length > 0) {
      const more = schedule({ ...input, platforms: platformsOf(unassigned), unavailable });
      needed.push(...more.assignments);
      unassigned = more.unassigned;
    }
  }
  if (needed.length === 0) {
    return { ...around, unassigned };
  }
  const explained = needed.map((assignment) => {
    const why = (withheld[assignment.node]?.message ?? '').replace(/\.$/, '');
    const note = isPinned(assignment) ? why : `no other node can build it (${why})`;
    return { ...assignment, reason: `${assignment.reason}; ${note}` };
  });
  const assigned = new Map([...around.assignments, ...explained].map((each) => [each.platform, each]));
  // when such a node does the job is not known
  const { finish: _, ...rest } = around;
  return {
    ...rest,
    assignments: platforms.flatMap((platform) => assigned.get(platform) ?? []),
    unassigned,
    leftOut: around.leftOut.filter(({ node }) => needed.every((assignment) => assignment.node !== node)),
  };
}

function heldAs(load: NodeLoads = {}, state: HoldState): Unavailable {
  return heldNodes(Object.fromEntries(Object.entries(load).filter(([, { hold }]) => hold?.state === state)));
}

function platformsOf(some: readonly { readonly platform: Platform }[]): Platform[] {
  return some.map(({ platform }) => platform);
}
