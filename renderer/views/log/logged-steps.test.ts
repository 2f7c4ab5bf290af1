import { describe, expect, it } from 'vitest';
import { makeStep } from '../build-detail/testing/jobs.ts';
import { loggedSteps, stepIndexAt } from './logged-steps.ts';

describe('the steps of a log', () => {
  it('are those that the log names', () => {
    const steps = [makeStep(1, 'FROM a', 0, 1, { firstLine: 0 }), makeStep(2, 'RUN b', 1, 2)];
    expect(loggedSteps(steps)).toEqual([steps[0]]);
  });

  it('are found by line', () => {
    const steps = [{ firstLine: 5 }, { firstLine: 10 }, { firstLine: 20 }];
    expect([0, 5, 9, 10, 25].map((line) => stepIndexAt(steps, line))).toEqual([-1, 0, 0, 1, 2]);
  });
});
