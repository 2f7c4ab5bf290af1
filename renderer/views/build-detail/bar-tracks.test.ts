import { expect, it } from 'vitest';
import { packTracks } from './bar-tracks.ts';

const bar = (key: string, startMs: number, endMs?: number) => ({ key, startMs, endMs });

it('puts bars that ran at once on tracks of their own, and others on the first that is free', () => {
  const { of, count } = packTracks([
    bar('c', 900, 1_500),
    bar('a', 0, 1_000),
    bar('b', 100, 800),
    bar('d', 1_020),
    bar('e', 2_000),
  ]);
  expect(Object.fromEntries(of)).toEqual({ a: 0, b: 1, c: 1, d: 0, e: 1 });
  expect(count).toBe(2);
});

it('has one track for steps one after the other, although their times are rounded', () => {
  const bars = [bar('a', 0, 101), bar('b', 100, 300), bar('c', 280, 290), bar('d', 300)];
  expect(packTracks(bars).count).toBe(1);
  expect(packTracks([]).count).toBe(1);
});
