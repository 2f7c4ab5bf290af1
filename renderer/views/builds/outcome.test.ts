import { describe, expect, it } from 'vitest';
import { history, hugeBuild, job, sample } from '../../testing/fixture-data.ts';
import { countsOf, groupsOf, platformsInWords, progressOf, stepInWords } from './outcome.ts';
import { trendsOf } from './trend.ts';

describe('the outcome of a build', () => {
  it('says first what failed', () => {
    const groups = groupsOf(sample.failed().jobs);
    expect(groups.map(({ phase, jobs }) => [phase, platformsInWords(jobs)])).toEqual([
      ['failed', 'arm64'],
      ['done', 'amd64, s390x'],
    ]);
  });

  it('counts where there are too many to name', () => {
    const { jobs } = hugeBuild();
    expect(platformsInWords(jobs)).toBe('20 platforms');
    expect(countsOf(jobs).map(({ state, count }) => `${count} ${state}`)).toEqual([
      '2 failed',
      '2 cancelled',
      '10 running',
      '2 waiting',
      '4 done',
    ]);
  });
});

describe('the progress of a job', () => {
  const at = (given: Partial<Parameters<typeof job>[0]>) =>
    job({ platform: 'linux/amd64', node: 'a', status: 'building', steps: 0, startedAgo: 9, ...given });

  it('grows from waiting to done', () => {
    const parts = [
      at({ status: 'queued' }),
      at({ status: 'context' }),
      at({ steps: 3 }),
      at({ steps: 9 }),
      at({ status: 'pulling', steps: 10 }),
      at({ status: 'done', steps: 10 }),
    ].map(progressOf);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
    expect([parts[0], parts.at(-1)]).toEqual([0, 1]);
    expect(new Set(parts).size).toBe(parts.length);
  });

  it('names the step that runs', () => {
    expect(stepInWords(at({ steps: 3 }))).toBe('step 4 of 10');
    expect(stepInWords(at({ status: 'queued' }))).toBeUndefined();
  });
});

describe('the trend of a project', () => {
  it('is made of the builds that went well, oldest first', () => {
    const builds = history(60);
    const [context = ''] = builds.map(({ request }) => request.context);
    const good = builds.filter(({ request, status }) => request.context === context && status === 'done');
    const trend = trendsOf(builds).get(context);
    expect(trend?.durations.at(-1)).toBe(good[0]?.durationMs);
    expect(trend?.durations).toContain(trend?.usually);
    expect(trend?.words).toMatch(/^The last \d+ builds that went well took \d:\d\d to \d:\d\d, usually \d:\d\d$/);
  });

  it('is none with one build', () => {
    expect(trendsOf([sample.done()]).size).toBe(0);
  });
});
