/** What Barnraiser knows of the things on a node: to which part of a prune they belong, whose they are, and what may use them. */
import type { PrunePart } from '../../shared/storage-kinds.ts';
import type { StoredItem, StoredItems } from '../engines/engine.ts';
import { isCacheName, isStaleImageName, isTemporaryName } from '../engines/temporary-name.ts';
import type { Candidate } from './select-items.ts';

/** What builds have on a node, as far as the data folder knows. */
export interface KnownOfNode {
  /** The images that are the cache of projects: ids, or unique prefixes of them. */
  readonly images: readonly string[];
  /** The records of the build cache that projects need. */
  readonly records: readonly string[];
  /** Images that nothing needs any more, which were left because other jobs were running. */
  readonly unneeded: readonly string[];
  /** A job of any process runs there. */
  readonly hasJobs: boolean;
}

/** A younger image without a name may belong to a build that runs. In milliseconds. */
const freshMs = 10 * 60_000;

export function classify({ items, isBuilding }: StoredItems, known: KnownOfNode): Candidate[] {
  const isCached = prefixMatcher(known.images);
  const isUnneeded = prefixMatcher(known.unneeded);
  const records = new Set(known.records);
  // the newest image gives the time by the node's clock
  const newest = items.reduce(
    (latest, { kind, createdAt = 0 }) => (kind === 'image' ? Math.max(latest, createdAt) : latest),
    0,
  );
  const isHeld = ({ names, createdAt = newest }: StoredItem): boolean =>
    known.hasJobs || (isBuilding && names.length === 0 && createdAt > newest - freshMs);

  return items.map((item): Candidate => {
    switch (item.kind) {
      case 'image': {
        const part = imagePart(item, isCached);
        const isOurName = (name: string) => isTemporaryName(name) || isCacheName(name);
        const own = part === 'project' || item.names.some(isOurName) || isUnneeded(item.id);
        const hasRunningName = item.names.some((name) => isTemporaryName(name) && !isStaleImageName(name));
        return { item, part, own, isHeld: hasRunningName || isHeld(item) };
      }
      case 'cache':
        return { item, part: 'cache', own: records.has(item.id), isHeld: false };
      case 'context':
        return { item, part: item.id.startsWith('part-') ? 'leftover' : 'context', own: true, isHeld: false };
      default:
        return { item, own: false, isHeld: false };
    }
  });
}

function imagePart({ id, names }: StoredItem, isCached: (id: string) => boolean): PrunePart {
  if (names.length === 0) {
    return isCached(id) ? 'project' : 'dangling';
  }
  if (names.every((name) => isTemporaryName(name))) {
    return 'leftover';
  }
  return names.every((name) => isTemporaryName(name) || isCacheName(name)) ? 'project' : 'unused';
}

/** A function that says whether an id begins with one of the prefixes, in a time that does not depend on their number. */
function prefixMatcher(prefixes: readonly string[]): (id: string) => boolean {
  const hex = (id: string): string => id.replace(/^sha256:/, '');
  const byLength = new Map<number, Set<string>>();
  for (const prefix of prefixes.map(hex).filter(Boolean)) {
    const same = byLength.get(prefix.length) ?? new Set();
    byLength.set(prefix.length, same.add(prefix));
  }
  return (id) => [...byLength].some(([length, same]) => same.has(hex(id).slice(0, length)));
}
