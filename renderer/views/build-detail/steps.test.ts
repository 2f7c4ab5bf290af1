import { describe, expect, it } from 'vitest';
import { alignSteps, type Bar, nextBar } from './steps.ts';
import { at, jobOf, step } from './testing/jobs.ts';

const rowsOf = (jobs: Parameters<typeof alignSteps>[0]['jobs'], status: 'running' | 'failed' | 'done' = 'running') =>
  alignSteps({ jobs, status, createdAt: at(0) });

describe('steps side by side', () => {
  it('stand in one row where platforms ran the same instruction, however far each is', () => {
    const rows = rowsOf([
      jobOf('amd64', { steps: [step(1, 'FROM a', 2, 3), step(2, 'RUN b', 3, 9)] }),
      jobOf('arm64', { steps: [step(1, 'FROM a', 2)] }),
    ]);
    expect(rows.map(({ text, number }) => [number, text])).toEqual([
      [undefined, 'Send context'],
      [1, 'FROM a'],
      [2, 'RUN b'],
    ]);
    expect(rows[2]?.bars.map((bar) => bar && [bar.startMs, bar.endMs, bar.state])).toEqual([
      [3_000, 9_000, 'done'],
      undefined,
    ]);
    expect(rows[1]?.bars[1]).toMatchObject({ startMs: 2_000, endMs: undefined, state: 'running' });
  });

  it('are told apart by their stage, where each stage counts from 1', () => {
    const rows = rowsOf([
      jobOf('amd64', {
        steps: [
          step(1, 'FROM a AS build', 2, 3, { stage: '1/2' }),
          step(2, 'RUN x', 3, 4, { stage: '1/2' }),
          step(1, 'FROM b', 4, 5, { stage: '2/2' }),
        ],
      }),
      jobOf('arm64', { steps: [step(1, 'FROM b', 2, 3, { stage: '2/2' })] }),
    ]);
    const [, ...steps] = rows;
    expect(steps.map(({ text, number, startsStage }) => [number, text, startsStage])).toEqual([
      [1, 'FROM a AS build', false],
      [2, 'RUN x', false],
      [3, 'FROM b', true],
    ]);
    expect(steps[2]?.bars.every(Boolean)).toBe(true);
    expect(steps[0]?.bars[1]).toBeUndefined();
  });

  it('keep the words of each platform where variables make them differ', () => {
    const [, row] = rowsOf([
      jobOf('amd64', { steps: [step(1, 'FROM base-amd64', 2, 3)] }),
      jobOf('arm64', { steps: [step(1, 'FROM base-arm64', 2, 3)] }),
    ]);
    expect(row?.text).toBe('FROM base-amd64');
    expect(row?.bars.map((bar) => bar?.text)).toEqual(['FROM base-amd64', 'FROM base-arm64']);
  });

  it('say what came from the cache, what failed and what was cancelled', () => {
    const problem = { code: 'build.failed', message: 'It failed.', fix: 'Mend it.' } as const;
    const rows = rowsOf(
      [
        jobOf('amd64', {
          status: 'failed',
          problem,
          durationMs: 5_000,
          steps: [step(1, 'FROM a', 2, 3, { cached: true }), step(2, 'RUN b', 3, 6)],
        }),
        jobOf('arm64', { status: 'cancelled', durationMs: 3_000, steps: [step(1, 'FROM a', 2, 4)] }),
      ],
      'failed',
    );
    expect(rows.slice(1).map(({ bars }) => bars.map((bar) => bar?.state))).toEqual([
      ['cached', 'cancelled'],
      ['failed', undefined],
    ]);
  });

  it('are followed by the way of the image back, from the end of the last step', () => {
    const steps = [step(1, 'FROM a', 2, 5)];
    const rows = rowsOf([
      jobOf('amd64', { status: 'done', durationMs: 9_000, steps }),
      jobOf('arm64', { status: 'pulling', steps }),
    ]);
    expect(rows.at(-1)?.text).toBe('Bring image back');
    expect(rows.at(-1)?.bars.map((bar) => bar && [bar.startMs, bar.endMs, bar.state])).toEqual([
      [5_000, 10_000, 'done'],
      [5_000, undefined, 'running'],
    ]);
  });

  it('do not run on for ever where Barnraiser ended before them', () => {
    const problem = { code: 'build.incomplete', message: 'It ended.', fix: 'Again.' } as const;
    const rows = rowsOf([jobOf('amd64', { status: 'failed', problem, steps: [step(1, 'FROM a', 2)] })], 'failed');
    expect(rows.flatMap(({ bars }) => bars).filter((bar) => bar && bar.endMs === undefined)).toEqual([]);
    expect(rows[1]?.bars[0]?.state).toBe('cancelled');
  });

  it('are none at all before anything has begun', () => {
    expect(rowsOf([jobOf('amd64', { status: 'queued', startedAt: undefined })])).toEqual([]);
  });
});

describe('the arrow keys among bars', () => {
  const rows = rowsOf([
    jobOf('amd64', { steps: [step(1, 'FROM a', 2, 3), step(2, 'RUN b', 3, 9)] }),
    jobOf('arm64', { steps: [step(1, 'FROM a', 2)] }),
  ]);
  const bars = rows.flatMap((row) => row.bars.filter((bar) => bar !== undefined));
  const find = (key: string): Bar => {
    const bar = bars.find((each) => each.key === key);
    if (!bar) {
      throw new Error(`no bar ${key}`);
    }
    return bar;
  };
  const go = (from: string, key: string, by: 'step' | 'platform') => nextBar(bars, find(from), key, by)?.key;

  it('go along a platform to the left and right', () => {
    expect(go('0.1 linux/amd64', 'ArrowRight', 'step')).toBe('0.2 linux/amd64');
    expect(go('0.2 linux/amd64', 'ArrowLeft', 'platform')).toBe('0.1 linux/amd64');
    expect(go('0.2 linux/amd64', 'Home', 'step')).toBe('context linux/amd64');
    expect(go('0.2 linux/amd64', 'ArrowRight', 'step')).toBeUndefined();
  });

  it('go down to the next lane, or to the same step of the next platform', () => {
    expect(go('0.1 linux/amd64', 'ArrowDown', 'step')).toBe('0.1 linux/arm64');
    expect(go('0.1 linux/arm64', 'ArrowDown', 'step')).toBe('0.2 linux/amd64');
    expect(go('0.2 linux/amd64', 'ArrowDown', 'platform')).toBe('0.1 linux/arm64');
    expect(go('0.1 linux/arm64', 'ArrowDown', 'platform')).toBeUndefined();
  });
});
