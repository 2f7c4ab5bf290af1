import { describe, expect, it } from 'vitest';
import { stepRows } from './step-rows.ts';
import { at, makeJob, makeStep } from './testing/jobs.ts';

const rowsOf = (
  jobs: Parameters<typeof stepRows>[0]['jobs'],
  status: 'running' | 'failed' | 'done' | 'interrupted' = 'running',
) => stepRows({ jobs, status, createdAt: at(0) });

describe('step rows', () => {
  it('have one row for the same instruction on all platforms, whichever of them have run it', () => {
    const rows = rowsOf([
      makeJob('amd64', { steps: [makeStep(1, 'FROM a', 2, 3), makeStep(2, 'RUN b', 3, 9)] }),
      makeJob('arm64', { steps: [makeStep(1, 'FROM a', 2)] }),
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

  it('are in the order of the Containerfile, whatever ran first, and say where another stage starts', () => {
    const rows = rowsOf([
      makeJob('amd64', {
        steps: [
          makeStep(3, 'FROM b', 1, 5, { id: '1:1', stage: 'stage 2' }),
          makeStep(1, 'FROM a AS build', 2, 3, { stage: 'build' }),
          makeStep(2, 'RUN x', 3, 4, { stage: 'build' }),
        ],
      }),
      // it does not need the first stage
      makeJob('arm64', { steps: [makeStep(1, 'FROM b', 2, 3, { id: '1:1', stage: 'stage 2' })] }),
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

  it('keep the text of each platform if expanded variables differ', () => {
    const [, row] = rowsOf([
      makeJob('amd64', { steps: [makeStep(1, 'FROM base-amd64', 2, 3)] }),
      makeJob('arm64', { steps: [makeStep(1, 'FROM base-arm64', 2, 3)] }),
    ]);
    expect(row?.text).toBe('FROM base-amd64');
    expect(row?.bars.map((bar) => bar?.text)).toEqual(['FROM base-amd64', 'FROM base-arm64']);
  });

  it('mark steps as cached, failed and cancelled', () => {
    const problem = { code: 'build.failed', message: 'It failed.', fix: 'Fix it.' } as const;
    const rows = rowsOf(
      [
        makeJob('amd64', {
          status: 'failed',
          problem,
          durationMs: 5_000,
          steps: [makeStep(1, 'FROM a', 2, 3, { cached: true }), makeStep(2, 'RUN b', 3, 6, { error: 'no' })],
        }),
        makeJob('arm64', { status: 'cancelled', durationMs: 3_000, steps: [makeStep(1, 'FROM a', 2)] }),
      ],
      'failed',
    );
    expect(rows.slice(1).map(({ bars }) => bars.map((bar) => bar?.state))).toEqual([
      ['cached', 'cancelled'],
      ['failed', undefined],
    ]);
  });

  it('end with the image transfer, which starts at the end of the last step', () => {
    const steps = [makeStep(1, 'FROM a', 2, 5)];
    const rows = rowsOf([
      makeJob('amd64', { status: 'done', durationMs: 9_000, steps }),
      makeJob('arm64', { status: 'transferring', steps }),
    ]);
    expect(rows.at(-1)?.text).toBe('Transfer image');
    expect(rows.at(-1)?.bars.map((bar) => bar && [bar.startMs, bar.endMs, bar.state])).toEqual([
      [5_000, 10_000, 'done'],
      [5_000, undefined, 'running'],
    ]);
  });

  it('have no running bars if Barnraiser stopped during the build', () => {
    const rows = rowsOf(
      [makeJob('amd64', { status: 'interrupted', steps: [makeStep(1, 'FROM a', 2)] })],
      'interrupted',
    );
    expect(rows.flatMap(({ bars }) => bars).filter((bar) => bar && bar.endMs === undefined)).toEqual([]);
    expect(rows[1]?.bars[0]?.state).toBe('cancelled');
  });

  it('show what a lost node had done beside what the next node does', () => {
    const problem = { code: 'connection.removed', message: 'x', fix: 'y' } as const;
    const steps = [makeStep(1, 'FROM a', 2, 3), makeStep(2, 'RUN b', 3)];
    const lost = [{ node: 'pi3', problem, mode: 'native' as const, at: at(7), steps }];
    const rows = rowsOf([makeJob('arm64', { mode: 'emulated', steps: [makeStep(1, 'FROM a', 9)], lost })]);
    const facts = rows.map(({ text, earlierBars, bars }) => [
      text,
      ...[...earlierBars, ...bars].map((bar) => bar && [bar.job.node, bar.job.mode, bar.startMs, bar.endMs, bar.state]),
    ]);
    expect(facts).toEqual([
      ['Send context', ['pi3', 'native', 1_000, 2_000, 'done'], ['pi4', 'emulated', 7_000, 9_000, 'done']],
      ['FROM a', ['pi3', 'native', 2_000, 3_000, 'done'], ['pi4', 'emulated', 9_000, undefined, 'running']],
      ['RUN b', ['pi3', 'native', 3_000, 7_000, 'cancelled'], undefined],
    ]);
    const keys = rows.flatMap(({ earlierBars, bars }) => [...earlierBars, ...bars].map((bar) => bar?.key));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('end when the job ends, also on the second node', () => {
    const problem = { code: 'ssh.lost', message: 'x', fix: 'y' } as const;
    const lost = [{ node: 'pi3', problem, at: at(7), steps: [] }];
    const steps = [makeStep(1, 'FROM a', 9, 10)];
    const rows = rowsOf([makeJob('arm64', { status: 'done', durationMs: 11_000, steps, lost })], 'done');
    expect(rows.at(-1)?.bars[0]).toMatchObject({ startMs: 10_000, endMs: 12_000, state: 'done' });
  });

  it('are empty before anything has started', () => {
    expect(rowsOf([makeJob('amd64', { status: 'queued', startedAt: undefined })])).toEqual([]);
  });
});
