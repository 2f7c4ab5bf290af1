import { describe, expect, it } from 'vitest';
import { entryOf } from '../../../shared/build-entry.ts';
import { history, sample } from '../../testing/fixture-data.ts';
import { trendsOf } from './trend.ts';

describe('the trend of a project', () => {
  it('consists of the successful builds, oldest first', () => {
    const builds = history(60).map(entryOf);
    const [context = ''] = builds.map(({ project }) => project);
    const successful = builds.filter(({ project, status }) => project === context && status === 'done');
    const trend = trendsOf(builds).get(context);
    expect(trend?.durationsMs.at(-1)).toBe(successful[0]?.durationMs);
    expect(trend?.durationsMs).toContain(trend?.medianMs);
    expect(trend?.text).toMatch(/^The last \d+ successful builds took \d:\d\d to \d:\d\d, usually \d:\d\d$/);
  });

  it('needs at least two builds', () => {
    expect(trendsOf([entryOf(sample.done())]).size).toBe(0);
  });
});
