import { describe, expect, it } from 'vitest';
import { hugeBuild, job, sample } from '../../testing/fixture-data.ts';
import { jobProgress, outcomeGroups, platformsText, stateCounts, stepText } from './outcome.ts';

describe('the outcome of a build', () => {
  it('lists failed platforms first', () => {
    const groups = outcomeGroups(sample.failed().jobs);
    expect(groups.map(({ phase, jobs }) => [phase, platformsText(jobs)])).toEqual([
      ['failed', 'arm64'],
      ['done', 'amd64, s390x'],
    ]);
  });

  it('is a number if there are too many platforms to name', () => {
    const { jobs } = hugeBuild();
    expect(platformsText(jobs)).toBe('20 platforms');
    expect(stateCounts(jobs).map(({ state, count }) => `${count} ${state}`)).toEqual([
      '2 failed',
      '2 cancelled',
      '10 running',
      '2 waiting',
      '4 done',
    ]);
  });
});

describe('the progress of a job', () => {
  const jobWith = (overrides: Partial<Parameters<typeof job>[0]>) =>
    job({ platform: 'linux/amd64', node: 'a', status: 'building', steps: 0, startedAgo: 9, ...overrides });

  it('increases from queued to done', () => {
    const progress = [
      jobWith({ status: 'queued' }),
      jobWith({ status: 'context' }),
      jobWith({ steps: 3 }),
      jobWith({ steps: 9 }),
      jobWith({ status: 'transferring', steps: 10 }),
      jobWith({ status: 'done', steps: 10 }),
    ].map(jobProgress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
    expect(new Set(progress).size).toBe(progress.length);
  });

  it('names the running step', () => {
    expect(stepText(jobWith({ steps: 3 }))).toBe('step 4 of 10');
    expect(stepText(jobWith({ status: 'queued' }))).toBeUndefined();
  });
});
