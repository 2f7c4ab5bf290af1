import { describe, expect, it } from 'vitest';
import type { Job } from '../../../shared/build.ts';
import { sample } from '../../testing/fixture-data.ts';
import { failingLineIndex, failuresOf, failureTitle, groupTitle, plainLine } from './failure.ts';
import { makeJob, makeStep } from './testing/jobs.ts';

describe('the failing line of a log', () => {
  const problem = { code: 'build.failed', message: 'It failed.', fix: 'Fix it.' } as const;
  const failedWith = (lastLines: string[], firstLine: number) => {
    const steps = [makeStep(1, 'RUN npm ci', 1, 2, { error: 'exit status 1', firstLine })];
    return makeJob('arm64', { status: 'failed', problem, steps, lastLines, lastLinesFrom: 100 });
  };

  it('is the first error after the start of the failed step', () => {
    const lines = [
      'npm error: of an earlier step',
      'STEP 5/10: RUN npm ci --or fail',
      'added 3 packages',
      '\u001b[31mnpm error\u001b[39m code ERESOLVE',
      'npm error could not resolve',
    ];
    expect(failingLineIndex(failedWith(lines, 101))).toBe(3);
    // the step started before the last lines
    expect(failingLineIndex(failedWith(lines, 20))).toBe(0);
  });

  it('is the last line if there is no error, and undefined without lines', () => {
    expect(failingLineIndex(failedWith(['one', 'two', ''], 100))).toBe(1);
    expect(failingLineIndex(failedWith([], 100))).toBeUndefined();
  });

  it('is shown without ANSI sequences and with the last text of a progress line', () => {
    expect(plainLine('\u001b[1;31merror\u001b[0m: no')).toBe('error: no');
    expect(plainLine('10 %\r90 %\rdone')).toBe('done');
  });
});

describe('the title of a failure', () => {
  const problem = { code: 'build.failed', message: 'It failed.', fix: 'Fix it.' } as const;

  it('has the failed step, without RUN', () => {
    const steps = [
      makeStep(1, 'FROM a AS build', 1, 2),
      makeStep(2, 'RUN npm   ci', 2, 3, { error: 'exit status 1', total: 5 }),
      makeStep(4, 'RUN other', 2, undefined, { id: '1:1', total: 5 }),
    ];
    expect(failureTitle(makeJob('arm64', { status: 'failed', problem, steps }))).toBe(
      'linux/arm64 failed at step 2 of 5: npm ci',
    );
  });

  it('has no step if the image transfer failed after the last step', () => {
    const steps = [makeStep(1, 'FROM a', 2, 3)];
    const job = makeJob('arm64', {
      status: 'failed',
      durationMs: 20_000,
      problem: { code: 'image.corrupt', message: 'x', fix: 'y' },
      steps,
    });
    expect(failureTitle(job)).toBe('linux/arm64 failed on pi4');
  });
});

describe('platforms that fail the same way', () => {
  const failed = (name: string, node: string, line?: number) =>
    makeJob(name, {
      node,
      status: 'failed',
      problem: { code: 'build.failed', message: `Node ${node}: RUNN is not an instruction.`, fix: 'Fix it.' },
      steps: line === undefined ? [] : [makeStep(2, 'RUNN make', 1, 2, { error: 'unknown', line })],
    });
  const titlesOf = (...jobs: readonly Job[]) =>
    failuresOf({ ...sample.failed(), jobs: [...jobs], problem: jobs[0]?.problem }).groups.map(groupTitle);

  it('are one failure', () => {
    expect(titlesOf(failed('amd64', 'big', 4), failed('arm64', 'pi4', 4), failed('s390x', 'big', 9))).toEqual([
      'amd64 and arm64 failed the same way at line 4: RUNN make',
      'linux/s390x failed at step 2 of 3: RUNN make',
    ]);
  });

  it('have no line if no step failed', () => {
    expect(titlesOf(failed('amd64', 'big'), failed('arm64', 'pi4'))).toEqual(['amd64 and arm64 failed the same way']);
  });
});
