import { useMemo } from 'react';
import type { Node, NodeStatus } from '../../../shared/node.ts';
import { useNodes } from '../../stores/nodes.ts';
import { type Coverage, coverageOf, upNodes } from './coverage.ts';

export interface NodesOf {
  /** By the order of the names; undefined where nobody has asked yet. */
  readonly statuses: readonly (NodeStatus | undefined)[];
  readonly up: readonly Node[];
  readonly down: readonly string[];
  /** Those of which nothing is known yet. */
  readonly unknown: readonly string[];
  readonly coverage: readonly Coverage[];
}

/** What is known of some connections together. */
export function useNodesOf(names: readonly string[]): NodesOf {
  const byName = useNodes((state) => state.byName);
  return useMemo(() => {
    const statuses = names.map((name) => byName[name]);
    const up = upNodes(statuses);
    return {
      statuses,
      up,
      down: names.filter((name) => byName[name]?.state === 'down'),
      unknown: names.filter((name) => byName[name] === undefined),
      coverage: coverageOf(up),
    };
  }, [names, byName]);
}
