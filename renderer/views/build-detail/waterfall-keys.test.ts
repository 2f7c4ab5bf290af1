import { describe, expect, it } from 'vitest';
import { type Bar, stepRows } from './step-rows.ts';
import { at, makeJob, makeStep } from './testing/jobs.ts';
import { nextBar } from './waterfall-keys.ts';

describe('the keys of the waterfall', () => {
  const rows = stepRows({
    jobs: [
      makeJob('amd64', { steps: [makeStep(1, 'FROM a', 2, 3), makeStep(2, 'RUN b', 3, 9)] }),
      makeJob('arm64', { steps: [makeStep(1, 'FROM a', 2)] }),
    ],
    status: 'running',
    createdAt: at(0),
  });
  const bars = rows.flatMap((row) => row.bars.filter((bar) => bar !== undefined));
  const find = (key: string): Bar => {
    const bar = bars.find((each) => each.key === key);
    if (!bar) {
      throw new Error(`no bar ${key}`);
    }
    return bar;
  };
  const go = (from: string, key: string, by: 'step' | 'platform') => nextBar(bars, find(from), key, by)?.key;

  it('move left and right along the bars of a platform', () => {
    expect(go('0:1 linux/amd64', 'ArrowRight', 'step')).toBe('0:2 linux/amd64');
    expect(go('0:2 linux/amd64', 'ArrowLeft', 'platform')).toBe('0:1 linux/amd64');
    expect(go('0:2 linux/amd64', 'Home', 'step')).toBe('context linux/amd64');
    expect(go('0:2 linux/amd64', 'ArrowRight', 'step')).toBeUndefined();
  });

  it('move down to the next bar by step, or to the same step of the next platform', () => {
    expect(go('0:1 linux/amd64', 'ArrowDown', 'step')).toBe('0:1 linux/arm64');
    expect(go('0:1 linux/arm64', 'ArrowDown', 'step')).toBe('0:2 linux/amd64');
    expect(go('0:2 linux/amd64', 'ArrowDown', 'platform')).toBe('0:1 linux/arm64');
    expect(go('0:1 linux/arm64', 'ArrowDown', 'platform')).toBeUndefined();
  });
});
