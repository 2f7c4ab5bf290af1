import { expect, test } from 'vitest';
import type { JobTime } from '../../shared/emulation.ts';
import { platform } from '../images/testing/sample-image.ts';
import { nodeSlowness } from './node-slowness.ts';

const amd64 = platform('linux/amd64');
const time = (node: string, ms: number, more: Partial<JobTime> = {}): JobTime => ({
  ...{ platform: amd64, node, mode: 'native', ms, at: '2026-01-02T03:04:05.000Z', cachedSteps: 0, steps: 3 },
  ...more,
});

test('a node is as much slower as its jobs take longer than the same jobs elsewhere', () => {
  const projects = Array.from({ length: 20 }, (_, index) => [
    time('fast', 1_000 * (index + 1)),
    time('slow', 4_000 * (index + 1)),
  ]);
  const { fast = 0, slow = 0 } = nodeSlowness(projects);
  expect(slow / fast).toBeGreaterThan(3.5);
  expect(slow / fast).toBeLessThanOrEqual(4);
  // their mean is the usual node
  expect(Math.log(slow) + Math.log(fast)).toBeCloseTo(0);
});

test('what a project takes does not matter, only where it takes it', () => {
  const { large, small } = nodeSlowness([
    [time('large', 100_000), time('small', 100_000)],
    [time('small', 1_000), time('large', 1_000)],
  ]);
  expect(large).toBeCloseTo(1);
  expect(small).toBeCloseTo(1);
});

test('jobs with and without a cache, and of other platforms, are not compared', () => {
  expect(
    nodeSlowness([
      [time('one', 1_000, { cachedSteps: 2 }), time('two', 9_000)],
      [time('one', 1_000, { platform: platform('linux/arm64') }), time('two', 9_000)],
    ]),
  ).toEqual({});
});

test('few comparisons say little, and none says that a node is more than ten times slower', () => {
  const once = nodeSlowness([[time('one', 1_000), time('two', 4_000)]]);
  expect((once.two ?? 0) / (once.one ?? 1)).toBeLessThan(3);
  const extreme = Array.from({ length: 50 }, () => [time('one', 1), time('two', 1_000_000)]);
  expect(nodeSlowness(extreme)).toEqual({ one: 0.1, two: 10 });
});
