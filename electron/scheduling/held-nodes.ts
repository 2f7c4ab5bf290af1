import type { Platform } from '../../shared/platform.ts';
import { type Failure, fail, type Problem } from '../../shared/problem.ts';
import type { NodeHold } from '../../shared/queue.ts';
import { holdText } from '../../shared/queue-text.ts';
import type { Assignment, Schedule } from '../../shared/schedule.ts';
import { holdFailure } from '../nodes/node-holds.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

/**
 * A schedule that knows which nodes are paused or drained, as the load of the nodes says. A drained node gets no jobs. A paused node
 * gets a job only if no other node can build its platform, or if the platform is pinned to it: the job then waits.
 *
 * A pure function, like {@link schedule}.
 */
export function scheduleAroundHolds(input: ScheduleInput): Schedule {
  const holds = Object.entries(input.load ?? {}).flatMap(([node, { hold }]) => (hold ? [[node, hold] as const] : []));
  if (holds.length === 0) {
    return schedule(input);
  }
  const isPaused = new Set(holds.flatMap(([node, { state }]) => (state === 'paused' ? [node] : [])));
  const patient = schedule({ ...input, unavailable: withProblems(input, holds, ({ state }) => state === 'draining') });
  const platforms = input.platforms ?? platformsOf(patient);
  const now = schedule({ ...input, platforms, unavailable: withProblems(input, holds, () => true) });
  const waits = (assignment: Assignment): boolean =>
    isPaused.has(assignment.node) &&
    (!now.assignments.some(({ platform }) => platform === assignment.platform) ||
      input.pins?.[assignment.platform] === assignment.node);
  const waiting = patient.assignments.filter(waits).map((assignment) => {
    const hold = holds.find(([node]) => node === assignment.node)?.[1];
    return hold ? { ...assignment, reason: `${assignment.reason}; ${holdText(hold)}` } : assignment;
  });
  if (waiting.length === 0) {
    return { ...now, unassigned: explainDrained(now, input, holds) };
  }
  const assigned = new Map([...now.assignments, ...waiting].map((assignment) => [assignment.platform, assignment]));
  // when a paused node is resumed is not known
  const { finish: _, ...schedules } = now;
  return {
    ...schedules,
    assignments: [...new Set(platforms)].flatMap((platform) => assigned.get(platform) ?? []),
    unassigned: explainDrained(now, input, holds).filter(({ platform }) => !assigned.has(platform)),
    leftOut: now.leftOut.filter(({ node }) => waiting.every((assignment) => assignment.node !== node)),
  };
}

type Holds = readonly (readonly [node: string, hold: NodeHold])[];

function withProblems(
  { unavailable }: ScheduleInput,
  holds: Holds,
  isIncluded: (hold: NodeHold) => boolean,
): Readonly<Record<string, Problem>> {
  const held = holds.filter(([, hold]) => isIncluded(hold));
  return { ...Object.fromEntries(held.map(([node, hold]) => [node, holdFailure(hold).problem])), ...unavailable };
}

function platformsOf({ assignments, unassigned }: Schedule): Platform[] {
  return [...assignments, ...unassigned].map(({ platform }) => platform).sort();
}

/** Says of platforms that only drained nodes can build which nodes these are. */
function explainDrained({ unassigned }: Schedule, input: ScheduleInput, holds: Holds): Schedule['unassigned'] {
  if (unassigned.length === 0) {
    return [];
  }
  const { assignments } = schedule({ ...input, platforms: unassigned.map(({ platform }) => platform) });
  return unassigned.map(({ platform, problem }) => {
    const node = assignments.find((assignment) => assignment.platform === platform)?.node;
    const hold = holds.find(([name]) => name === node)?.[1];
    return { platform, problem: hold ? drainedProblem(platform, hold) : problem };
  });
}

function drainedProblem(platform: Platform, hold: NodeHold): Problem {
  const { problem } = fail(
    'node.draining',
    `No node can build ${platform}: ${holdText(hold)}.`,
    `Resume ${hold.node}, or add a node that can build ${platform}.`,
  ).offering({ id: 'resume-node', node: hold.node });
  return problem;
}

/** Why no node takes the jobs of a build if all of them are drained. */
export function allDrainedFailure(leftOut: Schedule['leftOut']): Failure | undefined {
  const [first] = leftOut;
  if (!first || leftOut.some(({ problem }) => problem.code !== 'node.draining')) {
    return undefined;
  }
  return fail(
    'node.draining',
    'All nodes are draining and take no jobs.',
    'Resume one of them.',
    leftOut.map(({ problem }) => problem.message).join('\n'),
  ).offering({ id: 'resume-node', node: first.node });
}
