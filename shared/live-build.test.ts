import { expect, test } from 'vitest';
import { buildSchema } from './build.ts';
import type { AppEvent } from './contract.ts';
import { LiveBuild } from './live-build.ts';
import { parsePlatform } from './platform.ts';
import type { Step } from './step.ts';

const platform = parsePlatform('linux/amd64') ?? expect.fail('not a platform');
const createdAt = '2026-03-01T10:00:00.000Z';
const job = (name: string) => ({
  platform: name,
  ...{ node: 'a', mode: 'native', reason: '', status: 'building', steps: [], bytesSent: 0, bytesReceived: 0, lost: [] },
});
const build = buildSchema.parse({
  id: 'b',
  status: 'running',
  reference: 'x:1',
  request: { context: '/x', reference: 'x:1' },
  schedule: { assignments: [], unassigned: [], leftOut: [] },
  jobs: [job('linux/amd64'), job('linux/arm64')],
  createdAt,
});
const changed = (id: string, firstLine: number, more: Partial<Step> = {}, buildId = 'b'): AppEvent => ({
  event: 'step.changed',
  buildId,
  platform,
  step: { id, index: 1, total: 2, name: `RUN ${id}`, cached: false, startedAt: createdAt, firstLine, ...more },
});
const state = (change: object): AppEvent => {
  const [{ steps: _, ...first } = expect.fail('no job')] = build.jobs;
  return { event: 'job.changed', buildId: 'b', job: { ...first, ...change } };
};

test('steps are added and replaced by their ids, and other jobs stay the same', () => {
  const live = new LiveBuild(build);
  live.apply(changed('0:1', 0));
  live.apply(changed('0:2', 4));
  live.apply(changed('0:1', 0, { durationMs: 5 }));
  live.apply(changed('0:9', 0, {}, 'other'));
  expect(live.build.jobs[0]?.steps).toMatchObject([{ id: '0:1', durationMs: 5 }, { id: '0:2' }]);
  expect(live.build.jobs[1]).toBe(build.jobs[1]);
});

test('a step that starts again is the newest', () => {
  const live = new LiveBuild(build);
  live.apply(changed('0:1', 0));
  live.apply(changed('0:2', 1));
  live.apply(changed('0:1', 2));
  expect(live.build.jobs[0]?.steps.map(({ id }) => id)).toEqual(['0:2', '0:1']);
});

test('a change of the state keeps the steps, except when the job moves to another node', () => {
  const live = new LiveBuild(build);
  live.apply(changed('0:1', 0));
  const before = live.build.jobs[0]?.steps;
  live.apply(state({ bytesSent: 7 }));
  expect(live.build.jobs[0]).toMatchObject({ bytesSent: 7 });
  expect(live.build.jobs[0]?.steps).toBe(before);
  live.apply(changed('0:2', 1));
  live.apply(state({ node: 'b', lost: [{ node: 'a', problem: { code: 'ssh.lost', message: 'x', fix: 'y' } }] }));
  expect(live.build.jobs[0]).toMatchObject({ node: 'b', steps: [], lost: [{ steps: [{ id: '0:1' }, { id: '0:2' }] }] });
  live.apply(changed('0:1', 0));
  live.apply(
    state({ node: 'b', bytesSent: 9, lost: [{ node: 'a', problem: { code: 'ssh.lost', message: 'x', fix: 'y' } }] }),
  );
  expect(live.build.jobs[0]).toMatchObject({ bytesSent: 9, lost: [{ steps: [{ id: '0:1' }, { id: '0:2' }] }] });
});

test('a flood of steps takes linear time', () => {
  const live = new LiveBuild(build);
  for (let index = 0; index < 60_000; index += 1) {
    live.apply(changed(`0:${index}`, index));
  }
  expect(live.build.jobs[0]?.steps).toHaveLength(60_000);
});
