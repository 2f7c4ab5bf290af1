import { describe, expect, it } from 'vitest';
import type { Step } from '../../../shared/build.ts';
import { FoldMap } from './folds.ts';
import { parseStepLine, runsOf, stepAt, stepsAmong } from './step-index.ts';

const start = (line: number, index: number, text = `RUN ${index}`, total = 3) => ({ line, index, total, text });
const run = (index: number, durationMs: number): Step => ({
  index,
  total: 3,
  text: `RUN ${index}`,
  cached: false,
  startedAt: '2026-03-01T10:00:00Z',
  durationMs,
});

describe('the steps of a log', () => {
  it('begin at lines that name them', () => {
    expect(parseStepLine(7, 'STEP 4/10: RUN npm ci')).toEqual({ line: 7, index: 4, total: 10, text: 'RUN npm ci' });
    expect(parseStepLine(7, '  STEP 4/10: RUN npm ci')).toBeUndefined();
    expect(parseStepLine(7, 'STEP four')).toBeUndefined();
  });

  it('are only those that follow each other: a program may print what looks like one', () => {
    const found = stepsAmong([start(0, 1), start(40, 3), start(10, 2), start(12, 9), start(10, 2)]);
    expect(found.map(({ line }) => line)).toEqual([0, 10, 40]);
  });

  it('begin anew where another node took over', () => {
    const found = stepsAmong([start(0, 1), start(10, 2), start(20, 1), start(30, 2)]);
    expect(found.map(({ line }) => line)).toEqual([0, 10, 20, 30]);
  });

  it('may be those of stages beside each other', () => {
    const found = stepsAmong([
      ...[start(0, 1, 'FROM a', 2), start(1, 1, 'FROM b', 4), start(5, 2, 'RUN a', 2), start(7, 2, 'RUN b', 4)],
      ...[start(9, 4, 'printed by a program', 4), start(12, 3, 'RUN c', 4)],
    ]);
    expect(found.map(({ line }) => line)).toEqual([0, 1, 5, 7, 12]);
  });

  it('know how they went, the last attempt alone', () => {
    const starts = [start(0, 1), start(10, 2), start(20, 1), start(30, 2)];
    const runs = runsOf(starts, [run(1, 100), run(2, 200)]);
    expect([...runs].map(([line, { durationMs }]) => [line, durationMs])).toEqual([
      [30, 200],
      [20, 100],
    ]);
  });

  it('are found for every line', () => {
    const starts = [start(5, 1), start(10, 2), start(20, 3)];
    expect([0, 5, 9, 10, 25].map((line) => stepAt(starts, line))).toEqual([-1, 0, 0, 1, 2]);
  });
});

describe('folded steps', () => {
  const starts = [start(5, 1), start(10, 2), start(20, 3)];

  it('show one row each, and every row knows its line', () => {
    const map = new FoldMap(starts, new Set([5, 20]), 30);
    expect(map.rows).toBe(30 - 4 - 9);
    const lines = Array.from({ length: map.rows }, (_, row) => map.lineOf(row));
    expect(lines).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(lines.map((line) => map.rowOf(line))).toEqual(lines.map((_, row) => row));
  });

  it('stand for the lines that they hide', () => {
    const map = new FoldMap(starts, new Set([10]), 30);
    expect(map.rowOf(15)).toBe(10);
    expect(map.foldOver(15)).toBe(10);
    expect(map.foldOver(10)).toBeUndefined();
    expect(map.foldOver(20)).toBeUndefined();
  });

  it('stay one row while lines come', () => {
    expect(new FoldMap(starts, new Set([20]), 5_000_000).rows).toBe(21);
  });

  it('are quick with twenty thousand steps', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => start(index * 50, index + 1));
    const map = new FoldMap(many, new Set(many.map(({ line }) => line)), 1_000_000);
    expect(map.rows).toBe(20_000);
    expect(map.lineOf(19_999)).toBe(999_950);
    expect(map.rowOf(999_999)).toBe(19_999);
  });
});
