import { createHash, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { TarLayout } from '../../context/context-source.ts';
import { type StoredLayout, shortDigest } from '../../context/tar-layouts.ts';
import { compareTars, type TarDifference } from './tar-difference.ts';

const end = Buffer.alloc(1024);

/** A tar of entries. The same content is the same entry. */
function tarOf(entries: readonly Buffer[]): { bytes: Buffer; layout: TarLayout; stored: StoredLayout } {
  let offset = 0;
  const located = entries.map((entry, index) => {
    const digest = createHash('sha256').update(entry).digest('hex');
    const found = { path: `${index}`, offset, length: entry.length, digest };
    offset += entry.length;
    return found;
  });
  const stored = located.map(({ length, digest }) => ({ length, digest: shortDigest(digest) }));
  return { bytes: Buffer.concat([...entries, end]), layout: { entries: located, bytes: offset + end.length }, stored };
}

function rebuild({ parts }: TarDifference, old: Buffer, now: Buffer): Buffer {
  return Buffer.concat(
    parts.map(({ from, start, length }) => (from === 'old' ? old : now).subarray(start, start + length)),
  );
}

function entry(blocks: number): Buffer {
  return randomBytes(512 * blocks);
}

it('makes a tar of the unchanged parts of an old one', () => {
  const entries = Array.from({ length: 100 }, () => entry(20));
  const old = tarOf(entries);
  const now = tarOf(entries.with(40, entry(7)));
  const difference = compareTars(old.stored, now.layout);
  expect(difference.parts).toEqual([
    { from: 'old', start: 0, length: 40 * 10_240 },
    { from: 'new', start: 40 * 10_240, length: 7 * 512 },
    { from: 'old', start: 41 * 10_240, length: 59 * 10_240 },
    { from: 'new', start: 99 * 10_240 + 7 * 512, length: 1024 },
  ]);
  expect(rebuild(difference, old.bytes, now.bytes).equals(now.bytes)).toBe(true);
});

it('sends short unchanged parts with the changed ones around them', () => {
  const [one, two, three] = [entry(1), entry(2), entry(3)];
  const old = tarOf([one, two, three]);
  expect(compareTars(old.stored, tarOf([one, entry(1), three]).layout)).toEqual({
    parts: [{ from: 'new', start: 0, length: 5 * 512 + 1024 }],
    reusedBytes: 0,
  });
});

it('takes a limited number of parts, the longest ones', () => {
  const old = tarOf([...Array.from({ length: 5000 }, () => entry(16)), entry(4000)]);
  const kept = old.layout.entries.map(({ offset, length }) => old.bytes.subarray(offset, offset + length));
  const now = tarOf(kept.flatMap((bytes) => [bytes, entry(1)]));
  const difference = compareTars(old.stored, now.layout);
  expect(difference.parts).toHaveLength(3);
  expect(difference.reusedBytes).toBe(4000 * 512);
  expect(rebuild(difference, old.bytes, now.bytes).equals(now.bytes)).toBe(true);
});

it('rebuilds any tar of any other', () => {
  const known = Array.from({ length: 60 }, (_, index) => entry(1 + (index % 40)));
  const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] ?? expect.fail();
  for (let round = 0; round < 200; round++) {
    const old = tarOf(Array.from({ length: round }, () => pick(known)));
    const now = tarOf(Array.from({ length: 100 }, (_, index) => (index % 7 === round % 7 ? entry(3) : pick(known))));
    const difference = compareTars(old.stored, now.layout);
    expect(rebuild(difference, old.bytes, now.bytes).equals(now.bytes)).toBe(true);
    const fromOld = difference.parts.filter(({ from }) => from === 'old').reduce((sum, { length }) => sum + length, 0);
    expect(difference.reusedBytes).toBe(fromOld);
  }
});
