import { expect, it } from 'vitest';
import { pruneOrder } from '../../shared/storage-kinds.ts';
import type { PruneRules } from '../../shared/storage-use.ts';
import type { StoredItem } from '../engines/engine.ts';
import { type Candidate, keyOf, removableBytes, selectItems } from './select-items.ts';

const now = Date.UTC(2026, 0, 31);
const day = 24 * 3600 * 1000;

function candidate(id: string, item: Partial<StoredItem> = {}, known: Partial<Candidate> = {}): Candidate {
  return {
    item: { kind: 'image', id, names: [], bytes: 10, createdAt: now - day, parents: [], isUsed: false, ...item },
    part: 'dangling',
    own: false,
    isHeld: false,
    ...known,
  };
}

const everything: PruneRules = { parts: pruneOrder };
const idsOf = (candidates: readonly Candidate[]): string[] => candidates.map(({ item }) => item.id);

it('what is based on something goes before it, whatever its age', () => {
  const all = [
    candidate('base', { createdAt: now - 9 * day }),
    candidate('child', { parents: ['base'], createdAt: now - day }),
    candidate('other', { createdAt: now - 5 * day }),
  ];
  expect(idsOf(selectItems(all, everything, { now }).selected)).toEqual(['other', 'child', 'base']);
});

it('what is used, held, or the base of something that stays, is kept with its reason', () => {
  const all = [
    candidate('root'),
    candidate('used', { isUsed: true, parents: ['root'] }),
    candidate('held', {}, { isHeld: true }),
    candidate('named', { parents: ['base-of-named'] }, { part: 'unused' }),
    candidate('base-of-named'),
  ];
  const { selected, kept } = selectItems(all, { parts: ['dangling'] }, { now });
  expect(selected).toEqual([]);
  expect(kept).toEqual({
    used: { count: 1, bytes: 10 },
    building: { count: 1, bytes: 10 },
    base: { count: 2, bytes: 20 },
  });
});

it('an age that is not known is not older than anything, and goes last', () => {
  const { item, ...unknown } = candidate('unknown');
  const { createdAt: _, ...ageless } = item;
  const all = [{ ...unknown, item: ageless }, candidate('old', { createdAt: now - 8 * day })];
  expect(idsOf(selectItems(all, { ...everything, olderThanMs: 7 * day }, { now }).selected)).toEqual(['old']);
  expect(idsOf(selectItems(all, everything, { now }).selected)).toEqual(['old', 'unknown']);
});

it('when something was last used decides before when it was made', () => {
  const all = [
    candidate('made', { createdAt: now - 20 * day, usedAt: now - day }),
    candidate('old', { usedAt: now - 9 * day }),
  ];
  expect(idsOf(selectItems(all, { ...everything, olderThanMs: 7 * day }, { now }).selected)).toEqual(['old']);
});

it('a node that says that things are based on each other in a circle loses nothing', () => {
  const all = [
    candidate('one', { parents: ['two'] }),
    candidate('two', { parents: ['one', 'root'] }),
    candidate('root'),
    candidate('self', { parents: ['self'] }),
  ];
  const { selected, kept } = selectItems(all, everything, { now });
  expect(selected).toEqual([]);
  expect(kept).toEqual({ base: { count: 4, bytes: 40 } });
});

it('of random contents, the oldest goes first, never what is used, and no more than the limit asks for', () => {
  const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 300);
  for (let seed = 1; seed <= rounds; seed += 1) {
    check(seed);
  }
});

/** A generator of numbers below 1 from a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function check(seed: number): void {
  const random = randomFrom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  const count = pick(60);
  const all = Array.from({ length: count }, (_, position): Candidate => {
    const parents = position > 0 && random() < 0.5 ? [String(pick(position))] : [];
    const age = random() < 0.1 ? {} : { createdAt: now - pick(40) * day, usedAt: now - pick(30) * day };
    const { createdAt: _created, ...item } = candidate(String(position)).item;
    return {
      item: { ...item, ...age, bytes: pick(1000), parents, isUsed: random() < 0.1 },
      ...(random() < 0.1 ? {} : { part: pruneOrder[pick(pruneOrder.length)] ?? 'cache' }),
      own: random() < 0.5,
      isHeld: random() < 0.1,
    };
  });
  const sharedBytes = pick(500);
  const rules: PruneRules = {
    parts: pruneOrder.filter(() => random() < 0.8).concat('cache'),
    ...(random() < 0.5 ? { olderThanMs: pick(20) * day } : {}),
    ...(random() < 0.6 ? { keepBytes: pick(20_000) } : {}),
  };
  const { selected, kept } = selectItems(all, rules, { now, sharedBytes });
  const goes = new Set(selected.map(({ item }) => keyOf(item)));

  // each once, never what is used or held, only what is asked for
  expect(goes.size).toBe(selected.length);
  for (const { item, isHeld, part, usedAt } of selected) {
    expect([item.isUsed, isHeld, rules.parts.includes(part)]).toEqual([false, false, true]);
    expect(usedAt <= now - (rules.olderThanMs ?? Number.NEGATIVE_INFINITY)).toBe(true);
  }
  // nothing before what is based on it, and nothing that something is based on that stays
  const position = new Map(selected.map(({ item }, index) => [item.id, index]));
  for (const { item } of all) {
    for (const parent of item.parents.filter((id) => position.has(id))) {
      expect(position.get(item.id) ?? Number.POSITIVE_INFINITY).toBeLessThan(position.get(parent) ?? -1);
    }
  }
  // the oldest first
  expect(selected.map(({ usedAt }) => usedAt)).toEqual(
    selected.map(({ usedAt }) => usedAt).sort((one, two) => one - two),
  );
  // not more than needed, and enough unless nothing else may go
  const sum = (some: readonly Candidate[]): number => some.reduce((total, { item }) => total + item.bytes, 0);
  const remaining = removableBytes(all) + sharedBytes - sum(selected);
  const limit = rules.keepBytes ?? Number.NEGATIVE_INFINITY;
  const last = selected.at(-1);
  if (last && rules.keepBytes !== undefined) {
    expect(remaining + last.item.bytes).toBeGreaterThan(limit);
  }
  if (kept.limit) {
    expect(remaining).toBeLessThanOrEqual(limit);
  }
  // what stays although it was asked for has a reason
  const asked = all.filter(({ part }) => part && rules.parts.includes(part));
  expect(Object.values(kept).reduce((total, { count: some }) => total + some, 0)).toBe(asked.length - selected.length);
}
