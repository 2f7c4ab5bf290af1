import { expect, test } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { platform } from '../images/testing/sample-image.ts';
import { type TakeOverInput, takeOver } from './take-over.ts';
import { up } from './testing/fake-node.ts';

const arm64 = platform('linux/arm64');
const amd64 = platform('linux/amd64');

const busy = { slots: 1, jobs: [{}] };
const free = { slots: 1, jobs: [] };
const { problem } = fail('schedule.set-aside', 'Node one is set aside.', 'Use it again.');

/** A job that waits on node one while node two has a free slot. */
const find = (change: Partial<TakeOverInput> = {}) =>
  takeOver({
    job: { platform: arm64, node: 'one', mode: 'native' },
    ahead: 0,
    nodes: [up('one', arm64), up('two', arm64)],
    load: { one: { slots: 1, jobs: [{}, {}] }, two: free },
    unavailable: {},
    times: [],
    emulate: true,
    ...change,
  });

/** Node two emulates the platform. */
const emulating = (): TakeOverInput['nodes'] => {
  const two = up('two', amd64);
  return two.state === 'up' ? [up('one', arm64), { ...two, node: { ...two.node, emulated: [arm64] } }] : [];
};

test('a node with a free slot takes over a job that waits', () => {
  expect(find()).toMatchObject({
    node: 'two',
    reason: expect.stringMatching(/; took over from one, which had no free slot$/),
  });
  expect(find({ load: { one: busy, two: busy } })).toBeUndefined();
  expect(find({ unavailable: { two: problem } })).toBeUndefined();
});

test('a job does not leave a native node for one that emulates, but the other way round', () => {
  expect(find({ nodes: emulating() })).toBeUndefined();
  const [one, two] = emulating();
  const nodes = [one, two].filter((status) => status !== undefined);
  const job = { platform: arm64, node: 'two', mode: 'emulated' } as const;
  expect(find({ job, nodes, load: { one: free, two: busy } })).toMatchObject({ node: 'one', mode: 'native' });
});

test('a job stays where it is done earlier by the times of jobs', () => {
  const times = [
    { platform: arm64, node: 'one', ms: 60_000 },
    { platform: arm64, node: 'two', ms: 300_000 },
  ];
  const load = (remainingMs: number) => ({ one: { slots: 1, jobs: [{ remainingMs }, {}] }, two: free });
  expect(find({ times, load: load(10_000) })).toBeUndefined();
  expect(find({ times, load: load(600_000) })).toMatchObject({ node: 'two' });
  // the gain has to be worth it
  expect(find({ times, load: load(250_000) })).toBeUndefined();
  // two jobs before it, one after the other
  const jobs = [{ remainingMs: 200_000 }, { remainingMs: 200_000 }, {}];
  expect(find({ times, ahead: 1, load: { one: { slots: 1, jobs }, two: free } })).toMatchObject({ node: 'two' });
  expect(find({ times, ahead: 0, load: { one: { slots: 2, jobs }, two: free } })).toBeUndefined();
});

test('a job leaves a node that gets no jobs now, also for one without a free slot', () => {
  expect(find({ unavailable: { one: problem }, load: { one: busy, two: busy } })).toMatchObject({
    node: 'two',
    reason: expect.stringMatching(/; moved from one, which gets no jobs now$/),
  });
  expect(find({ unavailable: { one: problem, two: problem } })).toBeUndefined();
});
