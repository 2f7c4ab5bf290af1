import type { NodeStatus } from '../../shared/node.ts';
import { ownPlatforms } from '../../shared/schedule.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

/**
 * Whether a build can start without the nodes that have not answered yet: every platform is built natively by nodes
 * that have answered, or on the node it is pinned to. If the request names no platforms, each node adds its native
 * platform to the build. A missing node then must be known from an earlier probe and add none.
 * @param missing names of the nodes that have not answered. @param input the request, with the nodes that have
 * answered.
 * @param known results of earlier probes.
 */
export function isCoveredWithout(
  missing: readonly string[],
  input: ScheduleInput,
  known: readonly NodeStatus[],
): boolean {
  const { assignments, unassigned } = schedule(input);
  const { pins = {} } = input;
  if (
    assignments.length === 0 ||
    unassigned.length > 0 ||
    assignments.some(({ platform, mode, node }) => mode === 'emulated' && pins[platform] !== node) ||
    Object.values(pins).some((node) => missing.includes(node))
  ) {
    return false;
  }
  return (
    input.platforms !== undefined ||
    missing.every((name) => {
      const last = known.find(({ connection }) => connection === name);
      return (
        last?.state === 'up' &&
        ownPlatforms(last.node).every((own) => assignments.some(({ platform }) => platform === own))
      );
    })
  );
}
