import { type PrunePart, pruneOrder } from '../../../shared/storage-kinds.ts';
import type { NodePreview, NodeUse, StorageSum } from '../../../shared/storage-use.ts';

export function sumOf(sums: readonly StorageSum[]): StorageSum {
  return sums.reduce((total, { count, bytes }) => ({ count: total.count + count, bytes: total.bytes + bytes }), {
    count: 0,
    bytes: 0,
  });
}

/** What a node takes in all, what of that Barnraiser left there, and what nothing uses. */
export function totalsOf({ kinds }: Pick<NodeUse, 'kinds'>): Readonly<Record<'all' | 'own' | 'reclaimable', number>> {
  return {
    all: sumOf(kinds).bytes,
    own: sumOf(kinds.map(({ own }) => own)).bytes,
    reclaimable: sumOf(kinds.map(({ reclaimable }) => reclaimable)).bytes,
  };
}

/** The sum of each part over nodes, of those parts that have anything. */
export function partSums(nodes: readonly NodePreview[]): ReadonlyMap<PrunePart, StorageSum> {
  const all = nodes.flatMap(({ parts }) => parts);
  return new Map(
    pruneOrder.flatMap((part) => {
      const some = all.filter((sum) => sum.part === part);
      return some.length > 0 ? [[part, sumOf(some)] as const] : [];
    }),
  );
}
