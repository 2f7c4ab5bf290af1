import { describe, expect, it } from 'vitest';
import type { Step } from '../../../shared/build.ts';
import { matchRuns, parseStepLine, sequentialSteps, stepIndexAt } from './step-index.ts';

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
  it('start at STEP lines', () => {
    expect(parseStepLine(7, 'STEP 4/10: RUN npm ci')).toEqual({ line: 7, index: 4, total: 10, text: 'RUN npm ci' });
    expect(parseStepLine(7, '  STEP 4/10: RUN npm ci')).toBeUndefined();
    expect(parseStepLine(7, 'STEP four')).toBeUndefined();
  });

  it('are only those in sequence, since programs can print similar lines', () => {
    const steps = sequentialSteps([start(0, 1), start(40, 3), start(10, 2), start(12, 9), start(10, 2)]);
    expect(steps.map(({ line }) => line)).toEqual([0, 10, 40]);
  });

  it('start at 1 again after another node took over', () => {
    const steps = sequentialSteps([start(0, 1), start(10, 2), start(20, 1), start(30, 2)]);
    expect(steps.map(({ line }) => line)).toEqual([0, 10, 20, 30]);
  });

  it('can belong to concurrent stages', () => {
    const steps = sequentialSteps([
      ...[start(0, 1, 'FROM a', 2), start(1, 1, 'FROM b', 4), start(5, 2, 'RUN a', 2), start(7, 2, 'RUN b', 4)],
      ...[start(9, 4, 'printed by a program', 4), start(12, 3, 'RUN c', 4)],
    ]);
    expect(steps.map(({ line }) => line)).toEqual([0, 1, 5, 7, 12]);
  });

  it('match the runs of the last attempt only', () => {
    const starts = [start(0, 1), start(10, 2), start(20, 1), start(30, 2)];
    const runs = matchRuns(starts, [run(1, 100), run(2, 200)]);
    expect([...runs].map(([line, { durationMs }]) => [line, durationMs])).toEqual([
      [30, 200],
      [20, 100],
    ]);
  });

  it('are found by line', () => {
    const starts = [start(5, 1), start(10, 2), start(20, 3)];
    expect([0, 5, 9, 10, 25].map((line) => stepIndexAt(starts, line))).toEqual([-1, 0, 0, 1, 2]);
  });
});
