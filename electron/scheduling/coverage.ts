import type { NodeStatus } from '../../shared/node.ts';
import { type ScheduleInput, schedule } from './schedule.ts';

/**
 * Can a build begin without the nodes that have not answered yet? Only where nothing would be lost but a choice: every platform
 * is built natively by those that have, or where it is pinned. Without platforms that were asked for, each node adds its own: then
 * it must be known what the missing ones are.
 * @param input what was asked for, and the nodes that have answered. @param missing names of those that have not.
 * @param known what earlier probes found.
 */
export function coveredWithout(
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
      return last?.state === 'up' && assignments.some(({ platform }) => platform === last.node.platform);
    })
  );
}
