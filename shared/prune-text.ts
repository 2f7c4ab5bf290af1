import { formatBytes } from './format.ts';
import { formatAge } from './storage-limits.ts';
import type { TaskOf } from './timer.ts';

/** `prune home, older than 7d, keep 20 GB`: what a schedule prunes. */
export function pruneText({ nodes, rules }: TaskOf<'prune'>): string {
  const where = nodes.connections?.join(', ') ?? nodes.farm ?? 'the default farm';
  const limits = [
    ...(rules.parts.includes('unused') ? ['all'] : []),
    ...(rules.olderThanMs === undefined ? [] : [`older than ${formatAge(rules.olderThanMs)}`]),
    ...(rules.keepBytes === undefined ? [] : [`keep ${formatBytes(rules.keepBytes)}`]),
  ];
  return [`prune ${where}`, ...limits].join(', ');
}
