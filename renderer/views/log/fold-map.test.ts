import { describe, expect, it } from 'vitest';
import { FoldMap } from './fold-map.ts';

const start = (firstLine: number) => ({ firstLine });

describe('folded steps', () => {
  const starts = [start(5), start(10), start(20)];

  it('have one row each, and every row maps to its line', () => {
    const map = new FoldMap(starts, new Set([5, 20]), 30);
    expect(map.rows).toBe(30 - 4 - 9);
    const lines = Array.from({ length: map.rows }, (_, row) => map.lineOf(row));
    expect(lines).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(lines.map((line) => map.rowOf(line))).toEqual(lines.map((_, row) => row));
  });

  it('map hidden lines to the row of the step', () => {
    const map = new FoldMap(starts, new Set([10]), 30);
    expect(map.rowOf(15)).toBe(10);
    expect(map.foldHiding(15)).toBe(10);
    expect(map.foldHiding(10)).toBeUndefined();
    expect(map.foldHiding(20)).toBeUndefined();
  });

  it('stay one row while lines are added', () => {
    expect(new FoldMap(starts, new Set([20]), 5_000_000).rows).toBe(21);
  });

  it('are fast with twenty thousand steps', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => start(index * 50));
    const map = new FoldMap(many, new Set(many.map(({ firstLine }) => firstLine)), 1_000_000);
    expect(map.rows).toBe(20_000);
    expect(map.lineOf(19_999)).toBe(999_950);
    expect(map.rowOf(999_999)).toBe(19_999);
  });
});
