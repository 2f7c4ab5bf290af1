import type { Farm } from '../../shared/farm.ts';
import { formatList } from '../../shared/format.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { type Coverage, computeCoverage, upNodes } from './coverage.ts';

/** With more platforms or nodes than this, their number is shown instead of their names. */
const maxNames = 3;

/**
 * What a farm can no longer do without a node, one sentence each: `In farm home, linux/arm64 will be emulated by big-amd, about ten times
 * slower`. A node that is down takes nothing with it that is known.
 */
export function removalLosses(
  { name, connections }: Farm,
  node: string,
  statuses: Readonly<Record<string, NodeStatus>>,
): string[] {
  const others = connections.filter((other) => other !== node);
  if (others.length === 0) {
    return [`Farm ${name} has no other node and cannot build any more`];
  }
  const coverageOf = (names: readonly string[]) => computeCoverage(upNodes(names.map((each) => statuses[each])));
  const after = new Map(coverageOf(others).map((entry) => [entry.platform, entry]));
  const gone: string[] = [];
  const emulated = new Map<string, string[]>();
  for (const before of coverageOf(connections)) {
    const left = after.get(before.platform);
    if (!left) {
      gone.push(before.platform);
    } else if (before.native.length > 0 && left.native.length === 0) {
      const nodes = namesOrCount(left.emulated, 'nodes');
      emulated.set(nodes, [...(emulated.get(nodes) ?? []), left.platform]);
    }
  }
  return [
    ...[...emulated].map(
      ([nodes, platforms]) =>
        `In farm ${name}, ${namesOrCount(platforms, 'platforms')} will be emulated by ${nodes}, about ten times slower`,
    ),
    ...(gone.length > 0 ? [`Nothing in farm ${name} builds ${namesOrCount(gone, 'platforms')} any more`] : []),
  ];
}

function namesOrCount(names: readonly Coverage['platform'][] | readonly string[], what: string): string {
  return names.length > maxNames ? `${names.length} ${what}` : formatList([...names]);
}
