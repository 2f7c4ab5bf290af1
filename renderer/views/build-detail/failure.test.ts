import { describe, expect, it } from 'vitest';
import { failingLine, failureTitle, plain } from './failure.ts';
import { jobOf, step } from './testing/jobs.ts';

describe('the failing line', () => {
  it('is the first that complains since the step began', () => {
    const lines = [
      'npm error: of an earlier step',
      'STEP 5/10: RUN npm ci',
      'added 3 packages',
      '\u001b[31mnpm error\u001b[39m code ERESOLVE',
      'npm error could not resolve',
    ];
    expect(failingLine(lines)).toBe(3);
  });

  it('is the last one where none complains, and none where there are none', () => {
    expect(failingLine(['one', 'two', ''])).toBe(1);
    expect(failingLine([])).toBeUndefined();
  });

  it('reads without colours, and as it stood after it was written over', () => {
    expect(plain('\u001b[1;31merror\u001b[0m: no')).toBe('error: no');
    expect(plain('10 %\r90 %\rdone')).toBe('done');
  });
});

describe('what failed', () => {
  const problem = { code: 'build.failed', message: 'It failed.', fix: 'Mend it.' } as const;

  it('is said with the step among all stages, without its RUN', () => {
    const steps = [
      step(1, 'FROM a AS build', 1, 2, { stage: '1/2', total: 2 }),
      step(2, 'RUN npm   ci', 2, 3, { stage: '1/2', total: 2 }),
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
    const job = jobOf('arm64', { status: 'failed', problem, steps });
    expect(failureTitle(job, source)).toBe('linux/arm64 failed at step 2 of 5: npm ci');
    // where nobody knows how long the stages are that never began
    expect(failureTitle(job, undefined)).toBe('linux/arm64 failed at step 2 of 2: npm ci');
  });

  it('is no step where the way back failed after all of them', () => {
    const steps = [step(1, 'FROM a', 2, 3)];
    const job = jobOf('arm64', {
      status: 'failed',
      durationMs: 20_000,
      problem: { code: 'image.corrupt', message: 'x', fix: 'y' },
      steps,
    });
    expect(failureTitle(job, undefined)).toBe('linux/arm64 failed on pi4');
  });
});
