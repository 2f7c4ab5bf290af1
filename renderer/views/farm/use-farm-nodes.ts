import { useMemo } from 'react';
import type { Node, NodeStatus } from '../../../shared/node.ts';
import { type Coverage, computeCoverage, upNodes } from '../../stores/coverage.ts';
import { useNodes } from '../../stores/nodes.ts';

export interface FarmNodes {
  /** In the order of the names; undefined for a node that was never probed. */
  readonly statuses: readonly (NodeStatus | undefined)[];
  readonly up: readonly Node[];
  readonly down: readonly string[];
  /** Nodes that were never probed. */
  readonly unknown: readonly string[];
  readonly coverage: readonly Coverage[];
}

/** The statuses and the joint coverage of nodes. */
export function useFarmNodes(names: readonly string[]): FarmNodes {
  const byName = useNodes((state) => state.byName);
  return useMemo(() => {
    const statuses = names.map((name) => byName[name]);
    const up = upNodes(statuses);
    return {
      statuses,
      up,
      down: names.filter((name) => byName[name]?.state === 'down'),
      unknown: names.filter((name) => byName[name] === undefined),
      coverage: computeCoverage(up),
    };
  }, [names, byName]);
}
