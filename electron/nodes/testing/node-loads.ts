import type { NodeLoads } from '../node-load.ts';

/** Nodes with so many jobs of which nothing is known. */
export function nodeLoads(jobs: Readonly<Record<string, number>>, slots = 2): NodeLoads {
  return Object.fromEntries(
    Object.entries(jobs).map(([name, count]) => [name, { slots, jobs: Array.from({ length: count }, () => ({})) }]),
  );
}
