import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { fail } from '../../shared/problem.ts';
import { Failover, isNodeFailure } from './failover.ts';
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
const { problem } = fail('ssh.lost', 'The node was lost.', 'Look at it.');
const request = { emulate: true, pull: 'missing', retention: 'cache' } as const;

test('the job of a lost node goes to the node with the least load, and jobs that wait for the lost node are notified', () => {
  const failover = new Failover([up('one'), up('two'), up('three')], request);
  const waiting = failover.lossOf('one');
  const load = { one: 2, two: 3, three: 1 };
  expect(failover.reassign(sampleJob({ node: 'one' }), problem, load)).toMatchObject({ node: 'three' });
  expect(waiting.reason).toMatchObject({ problem });
  expect(failover.lossOf('three').aborted).toBe(false);
  expect(failover.reassign(sampleJob({ node: 'three' }), problem, load)).toMatchObject({ node: 'two' });
  expect(failover.reassign(sampleJob({ node: 'two' }), problem, load)).toBeUndefined();
});

test('a node that cannot start containers gets no more jobs of that platform, and jobs of others go on', () => {
  const failover = new Failover([up('one'), up('two')], request);
  const runtime = fail('engine.runtime', 'Node one cannot start containers.', 'Install crun.');
  expect(isNodeFailure(runtime)).toBe(true);
  expect(failover.reassign(sampleJob({ node: 'one' }), runtime.problem, {})).toMatchObject({ node: 'two' });
  expect(failover.lossOf('one').aborted).toBe(false);
  expect(failover.reassign(sampleJob({ node: 'two' }), runtime.problem, {})).toBeUndefined();
});

test('a full disk of the node moves the job, but not one of this computer', () => {
  const full = fail('disk.full', 'The disk is full.', 'Free disk space.');
  expect(isNodeFailure(full)).toBe(false);
  expect(isNodeFailure(full.offering({ id: 'free-disk', node: 'one' }))).toBe(true);
  expect(isNodeFailure(fail('build.failed', 'It failed.', 'Correct it.'))).toBe(false);
});
