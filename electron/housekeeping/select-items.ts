/** Which of the things on a node a prune removes, and why the others stay. Pure. */
import type { KeptReason, PrunePart } from '../../shared/storage-kinds.ts';
import type { PruneRules, StorageSum } from '../../shared/storage-use.ts';
import type { StoredItem } from '../engines/engine.ts';

/** Something on a node, with what Barnraiser knows of it. */
export interface Candidate {
  readonly item: StoredItem;
  /** The part of a prune that removes it. Missing for what no prune removes. */
  readonly part?: PrunePart;
  /** Barnraiser left it there. */
  readonly own: boolean;
  /** A build that runs may use it. */
  readonly isHeld: boolean;
}

/** What a node has now. */
export interface Listing {
  readonly candidates: readonly Candidate[];
  readonly sharedBytes: number;
}

export interface Selected extends Candidate {
  readonly part: PrunePart;
  /** When it, or what is based on it, was last used, or else made. In milliseconds since 1970; infinite if unknown. */
  readonly usedAt: number;
}

export interface Selection {
  /** In the order of their removal: the oldest first, and nothing before what is based on it. */
  readonly selected: readonly Selected[];
  readonly kept: Readonly<Partial<Record<KeptReason, StorageSum>>>;
}

/**
 * Selects what the rules remove. What is based on something that stays, stays, too; a base is as recently used as what is based on it.
 * What has no known age is the last to go, and not older than anything.
 * @param sharedBytes what takes space on the node besides the candidates
 */
export function selectItems(
  candidates: readonly Candidate[],
  { parts, olderThanMs, keepBytes }: PruneRules,
  { now, sharedBytes = 0 }: { readonly now: number; readonly sharedBytes?: number },
): Selection {
  let remaining = sharedBytes + removableBytes(candidates);
  const stays = new Set<string>();
  const selected: Selected[] = [];
  const kept: Partial<Record<KeptReason, StorageSum>> = {};
  const { ordered, cyclic } = oldestFirst(candidates);

  const reasonToStay = ({ item, isHeld }: Candidate, usedAt: number): KeptReason | undefined => {
    if (item.isUsed) {
      return 'used';
    }
    if (isHeld) {
      return 'building';
    }
    if (stays.has(keyOf(item))) {
      return 'base';
    }
    if (olderThanMs !== undefined && !(usedAt <= now - olderThanMs)) {
      return 'newer';
    }
    return keepBytes !== undefined && remaining <= keepBytes ? 'limit' : undefined;
  };
  const keep = ({ item }: Candidate, reason: KeptReason | undefined): void => {
    for (const parent of item.parents) {
      stays.add(keyOf({ kind: item.kind, id: parent }));
    }
    if (reason) {
      const sum = kept[reason] ?? { count: 0, bytes: 0 };
      kept[reason] = { count: sum.count + 1, bytes: sum.bytes + item.bytes };
    }
  };
  for (const { candidate, usedAt } of ordered) {
    const { item, part } = candidate;
    if (!part || !parts.includes(part)) {
      keep(candidate, undefined);
      continue;
    }
    const reason = reasonToStay(candidate, usedAt);
    if (reason) {
      keep(candidate, reason);
    } else {
      selected.push({ ...candidate, part, usedAt });
      remaining -= item.bytes;
    }
  }
  for (const candidate of cyclic) {
    keep(candidate, 'base');
  }
  return { selected, kept };
}

/** The bytes of what a prune may ever remove, which is what a limit counts. */
export function removableBytes(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { item, part }) => sum + (part ? item.bytes : 0), 0);
}

export function keyOf({ kind, id }: Pick<StoredItem, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}

interface Dated {
  readonly candidate: Candidate;
  readonly usedAt: number;
}

/**
 * The oldest first, and nothing before what is based on it. `cyclic` has what is based on itself, as a node may claim, and the bases
 * of that.
 */
function oldestFirst(candidates: readonly Candidate[]): {
  readonly ordered: readonly Dated[];
  readonly cyclic: readonly Candidate[];
} {
  const byKey = new Map(candidates.map((candidate) => [keyOf(candidate.item), candidate]));
  const parentsOf = ({ item }: Candidate): string[] =>
    [...new Set(item.parents)].map((id) => keyOf({ kind: item.kind, id })).filter((key) => byKey.has(key));
  const children = new Map<string, number>();
  const usedAt = new Map<string, number>();
  for (const [key, candidate] of byKey) {
    usedAt.set(key, timeOf(candidate.item));
    for (const parent of parentsOf(candidate)) {
      children.set(parent, (children.get(parent) ?? 0) + 1);
    }
  }
  const reached = [...byKey.keys()].filter((key) => !children.has(key));
  // grows while it is read: a base is reached when all that is based on it has been
  for (const key of reached) {
    const candidate = byKey.get(key);
    for (const parent of candidate ? parentsOf(candidate) : []) {
      usedAt.set(parent, Math.max(usedAt.get(parent) ?? 0, usedAt.get(key) ?? 0));
      const left = (children.get(parent) ?? 0) - 1;
      children.set(parent, left);
      if (left === 0) {
        reached.push(parent);
      }
    }
  }
  const isReached = new Set(reached);
  return {
    // the sort is stable, so a base stays behind what is based on it
    ordered: reached
      .flatMap((key) => {
        const candidate = byKey.get(key);
        return candidate ? [{ candidate, usedAt: usedAt.get(key) ?? Number.POSITIVE_INFINITY }] : [];
      })
      .sort((one, other) => (one.usedAt === other.usedAt ? 0 : one.usedAt - other.usedAt)),
    cyclic: [...byKey].flatMap(([key, candidate]) => (isReached.has(key) ? [] : [candidate])),
  };
}

function timeOf({ usedAt, createdAt }: StoredItem): number {
  return usedAt ?? createdAt ?? Number.POSITIVE_INFINITY;
}
