import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { scheduleAround } from './set-aside.ts';

const platform = (text: string): Platform => parsePlatform(text) ?? expect.fail(`${text} is not a platform`);
const statusOf = (connection: string, runs: Platform): NodeStatus => {
  const engine = {
    engine: 'podman' as const,
    version: '5.4.2',
    apiVersion: '5.4.2',
    capabilities: { exportFormats: [] },
  };
  return {
    state: 'up',
    connection,
    node: { connection, ...engine, hostname: connection, platform: runs, emulated: [], cpus: 4, latencyMs: 1 },
  };
};
const arm64 = platform('linux/arm64');
const amd64 = platform('linux/amd64');
const { problem } = fail('schedule.set-aside', 'Node pi4 is set aside until 14:05 after 3 failures: It is full.', '');
const nodes = [statusOf('big', amd64), statusOf('pi4', arm64), statusOf('pi5', arm64)];
const unavailable = { pi4: problem };

test('a node that is set aside is left out, with the reason', () => {
  const schedule = scheduleAround({ nodes, emulate: true, lastBuiltOn: { [arm64]: 'pi4' } }, unavailable);
  expect(schedule.assignments).toMatchObject([
    { platform: amd64, node: 'big' },
    { platform: arm64, node: 'pi5' },
  ]);
  expect(schedule.leftOut).toEqual([{ node: 'pi4', problem }]);
});

test('it is used if no other node can build a platform, or if the platform is pinned to it', () => {
  const only = scheduleAround({ nodes: nodes.slice(0, 2), emulate: true }, unavailable);
  expect(only).toMatchObject({
    assignments: [
      { node: 'big' },
      { node: 'pi4', reason: expect.stringContaining('; no other node can build it (Node') },
    ],
    unassigned: [],
    leftOut: [],
  });
  const pinned = scheduleAround({ nodes, emulate: true, pins: { [arm64]: 'pi4' } }, unavailable);
  expect(pinned.assignments[1]).toMatchObject({
    node: 'pi4',
    reason: expect.stringMatching(/^native, pinned; Node pi4/),
  });
});

test('a platform that no node can build stays unassigned', () => {
  const platforms = [platform('linux/s390x'), arm64];
  expect(scheduleAround({ nodes, platforms, emulate: true }, unavailable)).toMatchObject({
    assignments: [{ node: 'pi5' }],
    unassigned: [{ platform: 'linux/s390x' }],
  });
});
