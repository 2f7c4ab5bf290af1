import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastStepOf } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { Events } from '../events.ts';
import { JobLog } from './job-log.ts';
import { JobTracker } from './job-tracker.ts';

const platform = parsePlatform('linux/arm64') ?? expect.fail('no platform');
const assignment = { platform, node: 'pi4', mode: 'native', reason: 'native' } as const;

let folder: string;
let log: JobLog;
let events: Events;
let told: AppEvent[];
let tracker: JobTracker;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-tracker-'));
  log = await JobLog.create(join(folder, 'a.log'));
  events = new Events();
  told = [];
  events.subscribe((event) => told.push(event));
  tracker = new JobTracker('b1', assignment, log, events);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

test('steps are timed one after another, and what came from the cache is marked', () => {
  tracker.start();
  tracker.phase('context');
  tracker.output({ kind: 'step', index: 1, total: 2, text: 'FROM scratch' });
  tracker.output({ kind: 'cached' });
  tracker.output({ kind: 'layer', imageId: 'aaa' });
  tracker.output({ kind: 'step', index: 2, total: 2, text: 'RUN make' });
  tracker.output({ kind: 'layer', imageId: 'bbb' });
  tracker.phase('pulling');
  expect(tracker.job.steps).toMatchObject([
    { index: 1, text: 'FROM scratch', cached: true },
    { index: 2, text: 'RUN make', cached: false },
  ]);
  expect(tracker.job.steps.every(({ durationMs }) => durationMs !== undefined)).toBe(true);
  expect(tracker.layers).toEqual(['aaa', 'bbb']);
  expect(tracker.ownLayers).toEqual(['bbb']);
});

test('steps that run beside each other are ended one by one, and the one that failed is marked', () => {
  tracker.start();
  const step = { kind: 'step', beside: true, total: 2, text: 'RUN make' } as const;
  tracker.output({ ...step, stage: '1/2', index: 1 });
  tracker.output({ ...step, stage: '2/2', index: 1 });
  expect(tracker.job.steps.map(({ durationMs }) => durationMs)).toEqual([undefined, undefined]);
  tracker.output({ kind: 'step-end', stage: '1/2', index: 1, cached: false, failed: true });
  expect(tracker.job.steps).toMatchObject([{ failed: true, durationMs: expect.any(Number) }, { stage: '2/2' }]);
  expect(tracker.job.steps[1]?.durationMs).toBeUndefined();
  tracker.failed(fail('build.failed', 'It failed.', 'Mend it.').problem);
  expect(tracker.job.steps[1]?.durationMs).toBeDefined();
  expect(lastStepOf(tracker.job)?.stage).toBe('1/2');
});

test('a step that turns out to be cached keeps its time', () => {
  tracker.start();
  tracker.output({ kind: 'step', beside: true, index: 1, total: 1, text: 'FROM x' });
  tracker.output({ kind: 'step-end', index: 1, cached: false, failed: false });
  const [before] = tracker.job.steps;
  tracker.output({ kind: 'step-end', index: 1, cached: true, failed: false });
  expect(tracker.job.steps).toEqual([{ ...before, cached: true }]);
});

test('a new phase is told after the lines before it and before those after it', () => {
  tracker.phase('building');
  tracker.line('compiling');
  tracker.phase('pulling');
  tracker.line('pushing');
  events.flush();
  const story = told.map((event) =>
    event.event === 'job.log' ? event.lines.join() : event.event === 'job.changed' ? event.job.status : event.event,
  );
  expect(story.filter((word, index) => word !== story[index - 1])).toEqual([
    'building',
    'compiling',
    'pulling',
    'pushing',
  ]);
});

test('a failed job has the last lines of its log, a cancelled one says that it was cancelled', () => {
  tracker.start();
  tracker.line('no such file');
  tracker.failed(fail('build.failed', 'It failed.', 'Mend it.').problem);
  expect(tracker.job).toMatchObject({ status: 'failed', lastLines: ['no such file'] });

  const other = new JobTracker('b1', assignment, log, events);
  other.failed(fail('build.cancelled', 'Cancelled.', '').problem);
  expect(other.job).toMatchObject({ status: 'cancelled', durationMs: 0 });
});

test('a job that moves to another node begins anew and remembers the node that was lost', () => {
  tracker.start();
  tracker.output({ kind: 'step', index: 1, total: 2, text: 'FROM scratch' });
  tracker.output({ kind: 'layer', imageId: 'aaa' });
  const problem = fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.').problem;
  tracker.moveTo({ ...assignment, node: 'pi5' }, problem);
  expect(tracker.job).toMatchObject({ node: 'pi5', status: 'queued', steps: [], lost: [{ node: 'pi4', problem }] });
  expect(tracker.layers).toEqual([]);
});
