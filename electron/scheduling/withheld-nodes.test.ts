import { expect, test } from 'vitest';
import type { NodeStatus } from '../../shared/node.ts';
import { type Platform, parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { HoldState } from '../../shared/queue.ts';
import { scheduleAround } from './withheld-nodes.ts';

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

/** The load of nodes that a person has paused or drained. */
const held = (states: Readonly<Record<string, HoldState>>) =>
  Object.fromEntries(
    Object.entries(states).map(([node, state]) => [
      node,
      { slots: 2, jobs: [], hold: { node, state, reason: 'disk swap', at: '2026-01-02T03:04:05.000Z' } },
    ]),
  );

test('a paused node gets what no other node can build, and what is pinned to it, and the job waits', () => {
  const load = held({ pi4: 'paused' });
  const around = scheduleAround({ nodes, emulate: true, load }, {});
  expect(around).toMatchObject({ assignments: [{ node: 'big' }, { node: 'pi5' }], leftOut: [{ node: 'pi4' }] });
  const only = scheduleAround({ nodes: nodes.slice(0, 2), emulate: true, load }, {});
  expect(only.assignments[1]?.reason).toBe(
    'only native node; no other node can build it (Node pi4 is paused: disk swap)',
  );
  expect(only.finish).toBeUndefined();
  const pinned = scheduleAround({ nodes, emulate: true, load, pins: { [arm64]: 'pi4' } }, {});
  expect(pinned.assignments[1]?.reason).toBe('native, pinned; Node pi4 is paused: disk swap');
});

test('a node that is set aside comes before a paused one', () => {
  const load = held({ pi5: 'paused' });
  expect(scheduleAround({ nodes, emulate: true, load }, unavailable).assignments[1]?.node).toBe('pi4');
});

test('a drained node gets nothing, and is the reason if no other node can build a platform', () => {
  const load = held({ pi4: 'draining', pi5: 'draining' });
  const { assignments, unassigned } = scheduleAround({ nodes, platforms: [amd64, arm64], emulate: true, load }, {});
  expect(assignments).toMatchObject([{ node: 'big' }]);
  expect(unassigned[0]?.problem).toMatchObject({
    code: 'node.draining',
    message:
      'No node can build linux/arm64: big runs linux/amd64 and emulates nothing; pi4 is draining; pi5 is draining.',
    detail: 'Node pi4 is draining: disk swap.\nNode pi5 is draining: disk swap.',
    actions: [{ id: 'resume-node', node: 'pi4' }],
  });
});

test('an excluded node is the reason if no other node can build a platform', () => {
  const { unassigned } = scheduleAround(
    { nodes, platforms: [arm64], emulate: true, exclude: ['pi4', 'pi5'] },
    unavailable,
  );
  expect(unassigned[0]?.problem).toMatchObject({
    code: 'schedule.excluded',
    message:
      'No node can build linux/arm64: big runs linux/amd64 and emulates nothing; pi4 is excluded; pi5 is excluded.',
  });
  // a build does not ask the nodes that it excludes
  const notAsked = scheduleAround(
    { nodes: nodes.slice(0, 1), platforms: [arm64], emulate: true, exclude: ['pi4'] },
    {},
  );
  expect(notAsked.unassigned[0]?.problem).toMatchObject({
    message: 'No node can build linux/arm64: big runs linux/amd64 and emulates nothing; pi4 is excluded.',
    fix: expect.stringContaining('Or include pi4 again.'),
  });
});
