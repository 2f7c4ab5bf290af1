import { describe, expect, it } from 'vitest';
import { failingLineIndex, failureTitle, plainLine } from './failure.ts';
import { makeJob, makeStep } from './testing/jobs.ts';

describe('the failing line of a log', () => {
  it('is the first error after the start of the step', () => {
    const lines = [
      'npm error: of an earlier step',
      'STEP 5/10: RUN npm ci',
      'added 3 packages',
      '\u001b[31mnpm error\u001b[39m code ERESOLVE',
      'npm error could not resolve',
    ];
    expect(failingLineIndex(lines)).toBe(3);
  });

  it('is the last line if there is no error, and undefined without lines', () => {
    expect(failingLineIndex(['one', 'two', ''])).toBe(1);
    expect(failingLineIndex([])).toBeUndefined();
  });

  it('is shown without ANSI sequences and with the last text of a progress line', () => {
    expect(plainLine('\u001b[1;31merror\u001b[0m: no')).toBe('error: no');
    expect(plainLine('10 %\r90 %\rdone')).toBe('done');
  });
});

describe('the title of a failure', () => {
  const problem = { code: 'build.failed', message: 'It failed.', fix: 'Fix it.' } as const;

  it('counts the step across all stages and omits RUN', () => {
    const steps = [
      makeStep(1, 'FROM a AS build', 1, 2, { stage: '1/2', total: 2 }),
      makeStep(2, 'RUN npm   ci', 2, 3, { stage: '1/2', total: 2 }),
    ];
    const source = {
      path: 'Containerfile',
      lines: [],
      instructions: ['ARG X', 'FROM a AS build', 'RUN npm ci', 'FROM b', 'COPY x y', 'CMD z'].map((text, index) => ({
        text,
        firstLine: index + 1,
        lastLine: index + 1,
      })),
    };
    const job = makeJob('arm64', { status: 'failed', problem, steps });
    expect(failureTitle(job, source)).toBe('linux/arm64 failed at step 2 of 5: npm ci');
    // without the Containerfile, the length of later stages is unknown
    expect(failureTitle(job, undefined)).toBe('linux/arm64 failed at step 2 of 2: npm ci');
  });

  it('has no step if the image transfer failed after the last step', () => {
    const steps = [makeStep(1, 'FROM a', 2, 3)];
    const job = makeJob('arm64', {
      status: 'failed',
      durationMs: 20_000,
      problem: { code: 'image.corrupt', message: 'x', fix: 'y' },
      steps,
    });
    expect(failureTitle(job, undefined)).toBe('linux/arm64 failed on pi4');
  });
});
