import { expect, test } from 'vitest';
import { platformOf } from '../../../shared/platform.ts';
import type { QueueJob } from '../../../shared/queue.ts';
import { horizonOf, laneOf, ticksOf } from './timeline.ts';

const now = Date.parse('2026-03-01T10:00:00Z');
const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();

function job(id: string, from: number | undefined, to?: number): QueueJob {
  const isRunning = from === 0;
  return {
    ...{ id, buildId: id, reference: 'api:1', node: 'pi4', priority: 'normal', since: at(-1) },
    platform: platformOf({ os: 'linux', architecture: 'arm64' }) ?? expect.fail('no platform'),
    state: isRunning ? 'running' : 'waiting',
    ...(isRunning || from === undefined ? {} : { startsAt: at(from) }),
    ...(to === undefined ? {} : { endsAt: at(to) }),
  };
}

test('jobs are in rows in which none overlaps another; those whose start is unknown come later', () => {
  const jobs = [
    job('one', 0, 2),
    job('two', 0, 5),
    job('three', 2, 4),
    job('four', 4, 9),
    job('five', 5),
    job('six', undefined),
  ];
  const lane = laneOf({ jobs }, now);
  expect(lane.rows.map((row) => row.map((bar) => bar.job.id))).toEqual([
    ['one', 'three', 'four'],
    ['two', 'five'],
  ]);
  expect(lane.later.map(({ id }) => id)).toEqual(['six']);
  expect(lane.rows[1]?.[1]).toMatchObject({ from: now + 300_000, to: undefined });
  expect(horizonOf([lane], now)).toBe(now + 540_000 * 1.05);
});

test('the axis has few marks, and at least a minute', () => {
  expect(horizonOf([], now)).toBe(now + 60_000);
  expect(ticksOf(60_000)).toEqual([15_000, 30_000, 45_000, 60_000]);
  for (const minutes of [1, 3, 10, 45, 90, 600, 5_000]) {
    expect(ticksOf(minutes * 60_000).length).toBeLessThanOrEqual(8);
    expect(ticksOf(minutes * 60_000).length).toBeGreaterThan(1);
  }
});
