import type { KeptReason } from '../../shared/storage-kinds.ts';
import type { StorageSum } from '../../shared/storage-use.ts';
import type { NodeWork } from '../builds/node-work.ts';
import type { Engine } from '../engines/engine.ts';
import { type Candidate, keyOf, type Listing, type Selected } from './select-items.ts';

/** Jobs that begin wait so long at most: until so many images, or cache records, are removed. */
const batchSizes = { image: 8, other: 100 } as const;

/** An engine removes a record only after those based on it, and may need another round for that. */
const maxRounds = 3;

export interface RemovalOptions {
  readonly engine: Engine;
  /** The connections by whose names jobs on the engine are known. */
  readonly names: readonly string[];
  readonly nodeWork: NodeWork;
  /** What is there now. */
  readonly list: () => Promise<Listing>;
  readonly signal: AbortSignal | undefined;
}

export interface Removal {
  readonly removed: number;
  readonly bytes: number;
  readonly kept: Readonly<Partial<Record<KeptReason, StorageSum>>>;
}

/**
 * Removes what was selected from an earlier listing, and nothing else: what is used, has other names, or was used since then stays, and so does
 * what that is based on. No image goes while a job of any process runs on the node.
 * @param selected in the order of their removal
 */
export async function removeSelected(selected: readonly Selected[], options: RemovalOptions): Promise<Removal> {
  const { engine, names, nodeWork, list, signal } = options;
  const before = await list();
  const { unchanged, kept } = compare(selected, before.candidates);
  if (unchanged.some(isLeftover)) {
    for (const name of names) {
      await (engine.retention && nodeWork.cleanUp(name, engine.retention));
    }
  }
  let remaining: readonly Selected[] = unchanged.filter((one) => !isLeftover(one));
  const building: Selected[] = [];
  let after = before;
  for (let round = 0; round < maxRounds && remaining.length > 0; round += 1) {
    for (const batch of batches(remaining)) {
      signal?.throwIfAborted();
      await nodeWork.whileNoneBegins(names, async (isUsed) => {
        if (isUsed && batch[0]?.item.kind === 'image') {
          building.push(...batch);
          return;
        }
        const items = batch.map(({ item }) => item);
        await engine.storage.remove(items, { bases: basesOf(batch, after.candidates, remaining), signal });
      });
    }
    after = await list();
    const there = keysOf(after.candidates);
    const left = remaining.filter((one) => there.has(keyOf(one.item)) && !building.includes(one));
    if (left.length === remaining.length) {
      break;
    }
    remaining = left;
  }
  const there = keysOf(after.candidates);
  const stays = new Set([...building, ...unchanged.filter(({ item }) => there.has(keyOf(item)))]);
  for (const one of stays) {
    count(kept, building.includes(one) ? 'building' : 'refused', one);
  }
  const gone = unchanged.filter((one) => !stays.has(one));
  const bytes = gone.reduce((sum, { item }) => sum + item.bytes, 0);
  // what images have in common becomes free with the last of them
  return { removed: gone.length, bytes: bytes + Math.max(0, before.sharedBytes - after.sharedBytes), kept };
}

function compare(selected: readonly Selected[], now: readonly Candidate[]) {
  const kept: Partial<Record<KeptReason, StorageSum>> = {};
  const current = new Map(now.map((candidate) => [keyOf(candidate.item), candidate]));
  const wanted = new Set(selected.map(({ item }) => keyOf(item)));
  const stays = new Set<string>();
  for (const { item } of now) {
    if (!wanted.has(keyOf(item))) {
      addBases(stays, item);
    }
  }
  const unchanged: Selected[] = [];
  for (const one of selected) {
    const key = keyOf(one.item);
    const there = current.get(key);
    if (!there) {
      continue; // gone already
    }
    const reason = reasonToStay(one, there, stays.has(key));
    if (reason) {
      addBases(stays, there.item);
      count(kept, reason, one);
    } else {
      unchanged.push(one);
    }
  }
  return { unchanged, kept };
}

function reasonToStay(
  { item: before }: Selected,
  { item, isHeld }: Candidate,
  isBase: boolean,
): KeptReason | undefined {
  if (item.isUsed) {
    return 'used';
  }
  if (isHeld) {
    return 'building';
  }
  if (isBase) {
    return 'base';
  }
  const hasChanged =
    String([...item.names].sort()) !== String([...before.names].sort()) || (item.usedAt ?? 0) > (before.usedAt ?? 0);
  return hasChanged ? 'changed' : undefined;
}

/** The images without a name that stay although all that is based on them goes with a batch or went before. */
function basesOf(batch: readonly Selected[], now: readonly Candidate[], all: readonly Selected[]): string[] {
  const images = new Map(now.flatMap(({ item }) => (item.kind === 'image' ? [[item.id, item] as const] : [])));
  const goes = new Set(all.map(({ item }) => item.id));
  const bases = new Set<string>();
  const seen = new Set<string>();
  // grows while it is read
  const queue = batch.flatMap(({ item }) => (item.kind === 'image' ? item.parents : []));
  for (const id of queue) {
    const image = images.get(id);
    if (!image || seen.has(id)) {
      continue;
    }
    seen.add(id);
    if (goes.has(id)) {
      queue.push(...image.parents);
    } else if (image.names.length === 0) {
      bases.add(id);
    }
  }
  return [...bases];
}

function* batches(selected: readonly Selected[]): Generator<readonly Selected[]> {
  for (const isImage of [true, false]) {
    const some = selected.filter(({ item }) => (item.kind === 'image') === isImage);
    const size = isImage ? batchSizes.image : batchSizes.other;
    for (let from = 0; from < some.length; from += size) {
      yield some.slice(from, from + size);
    }
  }
}

function isLeftover({ item }: Selected): boolean {
  return item.kind === 'container';
}

function addBases(stays: Set<string>, { kind, parents }: Candidate['item']): void {
  for (const id of parents) {
    stays.add(keyOf({ kind, id }));
  }
}

function keysOf(candidates: readonly Candidate[]): ReadonlySet<string> {
  return new Set(candidates.map(({ item }) => keyOf(item)));
}

function count(kept: Partial<Record<KeptReason, StorageSum>>, reason: KeptReason, { item }: Selected): void {
  const sum = kept[reason] ?? { count: 0, bytes: 0 };
  kept[reason] = { count: sum.count + 1, bytes: sum.bytes + item.bytes };
}
