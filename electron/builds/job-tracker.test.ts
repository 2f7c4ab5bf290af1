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
let emitted: AppEvent[];
let tracker: JobTracker;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-tracker-'));
  log = await JobLog.create(join(folder, 'a.log'));
  events = new Events();
  emitted = [];
  events.subscribe((event) => emitted.push(event));
  tracker = new JobTracker('b1', assignment, log, events);
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true });
});

test('steps are timed one after another, and cached steps are marked', () => {
  tracker.start();
  tracker.enterPhase('context');
  tracker.handleOutput({ kind: 'step', index: 1, total: 2, text: 'FROM scratch' });
  tracker.handleOutput({ kind: 'cached' });
  tracker.handleOutput({ kind: 'layer', imageId: 'aaa' });
  tracker.handleOutput({ kind: 'step', index: 2, total: 2, text: 'RUN make' });
  tracker.handleOutput({ kind: 'layer', imageId: 'bbb' });
  tracker.enterPhase('transferring');
  expect(tracker.job.steps).toMatchObject([
    { index: 1, text: 'FROM scratch', cached: true },
    { index: 2, text: 'RUN make', cached: false },
  ]);
  expect(tracker.job.steps.every(({ durationMs }) => durationMs !== undefined)).toBe(true);
  expect(tracker.layers).toEqual(['aaa', 'bbb']);
  expect(tracker.ownLayers).toEqual(['bbb']);
});

test('concurrent steps are ended one by one, and the failed step is marked', () => {
  tracker.start();
  const step = { kind: 'step', isConcurrent: true, total: 2, text: 'RUN make' } as const;
  tracker.handleOutput({ ...step, stage: '1/2', index: 1 });
  tracker.handleOutput({ ...step, stage: '2/2', index: 1 });
  expect(tracker.job.steps.map(({ durationMs }) => durationMs)).toEqual([undefined, undefined]);
  tracker.handleOutput({ kind: 'step-end', stage: '1/2', index: 1, cached: false, failed: true });
  expect(tracker.job.steps).toMatchObject([{ failed: true, durationMs: expect.any(Number) }, { stage: '2/2' }]);
  expect(tracker.job.steps[1]?.durationMs).toBeUndefined();
  tracker.fail(fail('build.failed', 'It failed.', 'Fix it.').problem);
  expect(tracker.job.steps[1]?.durationMs).toBeDefined();
  expect(lastStepOf(tracker.job)?.stage).toBe('1/2');
});

test('a step that is reported as cached after its end keeps its duration', () => {
  tracker.start();
  tracker.handleOutput({ kind: 'step', isConcurrent: true, index: 1, total: 1, text: 'FROM x' });
  tracker.handleOutput({ kind: 'step-end', index: 1, cached: false, failed: false });
  const [before] = tracker.job.steps;
  tracker.handleOutput({ kind: 'step-end', index: 1, cached: true, failed: false });
  expect(tracker.job.steps).toEqual([{ ...before, cached: true }]);
});

test('a new phase is emitted after the log lines before it and before those after it', () => {
  tracker.enterPhase('building');
  tracker.logLine('compiling');
  tracker.enterPhase('transferring');
  tracker.logLine('pushing');
  events.flush();
  const story = emitted.map((event) =>
    event.event === 'job.log' ? event.lines.join() : event.event === 'job.changed' ? event.job.status : event.event,
  );
  expect(story.filter((word, index) => word !== story[index - 1])).toEqual([
    'building',
    'compiling',
    'transferring',
    'pushing',
  ]);
});

test('a failed job has the last lines of its log, and a cancelled job has the status cancelled', () => {
  tracker.start();
  tracker.logLine('no such file');
  tracker.fail(fail('build.failed', 'It failed.', 'Fix it.').problem);
  expect(tracker.job).toMatchObject({ status: 'failed', lastLines: ['no such file'] });

  const other = new JobTracker('b1', assignment, log, events);
  other.fail(fail('build.cancelled', 'Cancelled.', '').problem);
  expect(other.job).toMatchObject({ status: 'cancelled', durationMs: 0 });
});

test('a job that moves to another node starts again and records the lost node', () => {
  tracker.start();
  tracker.handleOutput({ kind: 'step', index: 1, total: 2, text: 'FROM scratch' });
  tracker.handleOutput({ kind: 'layer', imageId: 'aaa' });
  const problem = fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.').problem;
  tracker.moveTo({ ...assignment, node: 'pi5' }, problem);
  expect(tracker.job).toMatchObject({ node: 'pi5', status: 'queued', steps: [], lost: [{ node: 'pi4', problem }] });
  expect(tracker.layers).toEqual([]);
});
