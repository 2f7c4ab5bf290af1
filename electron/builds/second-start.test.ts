import { expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { platform } from '../images/testing/sample-image.ts';
import { type SecondStartInput, secondStart, slowAfterMs } from './second-start.ts';
import { up } from './testing/fake-node.ts';

const arm64 = platform('linux/arm64');
const amd64 = platform('linux/amd64');
const free = { slots: 1, jobs: [] };
const estimate = { ms: 20_000, low: 15_000, high: 30_000 };

test('a job is slow when it has run twice as long as the upper end of its estimate, and half a minute', () => {
  expect(slowAfterMs('auto', { estimate })).toBe(60_000);
  expect(slowAfterMs('auto', { estimate: { ms: 1_000, low: 900, high: 1_100 } })).toBe(30_000);
  expect(slowAfterMs('auto', {})).toBeUndefined();
  expect(slowAfterMs('90', {})).toBe(90_000);
  expect(slowAfterMs('off', { estimate })).toBeUndefined();
  expect(slowAfterMs(undefined, { estimate })).toBeUndefined();
});

/** A job that has run for a minute on node one while node two is idle. */
const find = (change: Partial<SecondStartInput> = {}) =>
  secondStart({
    job: { platform: arm64, node: 'one', mode: 'native' },
    elapsedMs: 60_000,
    nodes: [up('one', arm64), up('two', arm64)],
    load: { one: { slots: 1, jobs: [{}] }, two: free },
    unavailable: {},
    isSameMachine: () => false,
    emulate: true,
    ...change,
  });

/** What is known of the time that the job takes on node two. */
const takes = (ms: number): Partial<SecondStartInput> => ({
  history: { times: [{ platform: arm64, node: 'two', mode: 'native', ms, at: '2026-01-02T03:04:05.000Z' }] },
});

test('it is started on an idle node that is expected to be done before it', () => {
  expect(find()).toMatchObject({ node: 'two', reason: expect.stringMatching(/; one takes longer than expected$/) });
  expect(find(takes(50_000))).toMatchObject({ node: 'two' });
  expect(find(takes(70_000))).toBeUndefined();
});

test('it is not started on a node that is busy, gets no jobs, or is the same machine', () => {
  expect(find({ load: { one: free, two: { slots: 1, jobs: [{}] } } })).toBeUndefined();
  expect(
    find({ unavailable: { two: fail('node.paused', 'Node two is paused.', 'Resume it.').problem } }),
  ).toBeUndefined();
  expect(find({ isSameMachine: () => true })).toBeUndefined();
});

test('a native job is not started on a node that emulates', () => {
  const two = up('two', amd64);
  const emulating = two.state === 'up' ? { ...two, node: { ...two.node, emulated: [arm64] } } : two;
  expect(find({ nodes: [up('one', arm64), emulating] })).toBeUndefined();
});
