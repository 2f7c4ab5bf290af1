import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { platform } from '../images/testing/sample-image.ts';
import { holdFailure } from '../nodes/node-holds.ts';
import { nodeLoads } from '../nodes/testing/node-loads.ts';
import { Failover } from './failover.ts';
import type { FailedPhase } from './failure-class.ts';
import { arm64, sampleJob } from './testing/sample-build.ts';

const space = { total: 1, free: 1 };
const up = (connection: string): NodeStatus => ({
  state: 'up',
  connection,
  node: {
    connection,
    engine: 'podman',
    version: '5',
    apiVersion: '5',
    hostname: connection,
    rootless: true,
    platform: arm64,
    emulated: [],
    capabilities: { exportFormats: [] },
    cpus: 4,
    memory: space,
    disk: space,
    latencyMs: 1,
  },
});
const request = { emulate: true, pull: 'missing', retention: 'cache' } as const;
const lost = fail('ssh.lost', 'The node was lost.', 'Look at it.');

/** Records that a job has failed on a node. @returns whether it may be built elsewhere */
function fails(failover: Failover, node: string, error: Failure, phase: FailedPhase = 'building'): boolean {
  return failover.record(sampleJob({ node }), { error, phase }) !== undefined;
}

test('the job of a lost node goes to the node with the least load, and jobs that wait for the lost node are notified', () => {
  const failover = new Failover([up('one'), up('two'), up('three')], request);
  const waiting = failover.lossOf('one');
  const load = nodeLoads({ one: 2, two: 3, three: 1 });
  expect(fails(failover, 'one', lost)).toBe(true);
  expect(failover.reassign(sampleJob(), load)).toMatchObject({ node: 'three' });
  expect(waiting.reason).toBe(lost);
  expect(failover.lossOf('three').aborted).toBe(false);
  expect(fails(failover, 'three', lost)).toBe(true);
  expect(failover.reassign(sampleJob(), load)).toMatchObject({ node: 'two' });
  expect(fails(failover, 'two', lost)).toBe(true);
  expect(failover.reassign(sampleJob(), load)).toBeUndefined();
});

test('a node that cannot start containers gets no more jobs of that platform, and jobs of others go on', () => {
  const failover = new Failover([up('one'), up('two')], request);
  expect(fails(failover, 'one', fail('engine.runtime', 'Node one cannot start containers.', 'Install crun.'))).toBe(
    true,
  );
  expect(failover.reassign(sampleJob(), {})).toMatchObject({ node: 'two' });
  expect(failover.lossOf('one').aborted).toBe(false);
  expect(failover.usable(platform('linux/amd64')).map(({ connection }) => connection)).toEqual(['one', 'two']);
});

test('what fails in the same way on several nodes is not the failure of nodes', () => {
  const failover = new Failover([up('one'), up('two'), up('three'), up('four')], request);
  const refused = fail('engine.refused', 'podman could not build.', 'Check it.');
  expect(fails(failover, 'one', refused)).toBe(true);
  expect(fails(failover, 'two', fail('engine.answer', 'podman sent garbage.', 'Check it.'))).toBe(true);
  expect(fails(failover, 'three', refused)).toBe(false);
});

test('a failed step is built elsewhere only if that was asked for, and once', () => {
  const step = fail('build.failed', 'Step 2 failed.', 'Correct it.');
  const nodes = [up('one'), up('two'), up('three')];
  expect(fails(new Failover(nodes, request), 'one', step)).toBe(false);
  const failover = new Failover(nodes, { ...request, retryElsewhere: true });
  expect(fails(failover, 'one', step)).toBe(true);
  expect(failover.reassign(sampleJob(), {})).toMatchObject({ node: 'three' });
  expect(fails(failover, 'three', step)).toBe(false);
});

test('a job does not move for ever', () => {
  const failover = new Failover([up('one'), up('two')], request);
  const moved = Array.from({ length: 8 }, () => ({ node: 'gone', problem: lost.problem }));
  expect(failover.record(sampleJob({ node: 'one', lost: moved }), { error: lost, phase: 'building' })).toBeUndefined();
});

test('a node that is set aside gets a job only if no other node can build it', () => {
  const failover = new Failover([up('one'), up('two'), up('three')], request);
  const { problem } = fail('schedule.set-aside', 'Node two is set aside.', 'Use it again.');
  expect(fails(failover, 'one', lost)).toBe(true);
  const load = nodeLoads({ two: 0, three: 5 });
  expect(failover.reassign(sampleJob(), load, { two: problem })).toMatchObject({ node: 'three' });
  expect(failover.reassign(sampleJob(), load, { two: problem, three: problem })).toMatchObject({
    reason: expect.stringContaining('no other node can build it (Node two is set aside)'),
  });
});

test('a job that waits for a node when it is drained goes to another, also if it is pinned', () => {
  const failover = new Failover([up('one'), up('two')], { ...request, ...{ pins: { [arm64]: 'one' } } });
  const hold = { node: 'one', state: 'draining', at: '2026-01-01T00:00:00Z' } as const;
  expect(fails(failover, 'one', holdFailure(hold))).toBe(true);
  const { one, two } = nodeLoads({ one: 1, two: 3 });
  const load = { one: { slots: 1, jobs: [], ...one, hold }, two: { slots: 1, jobs: [], ...two } };
  expect(failover.reassign(sampleJob(), load)).toMatchObject({ node: 'two' });
});
