import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { AppEvent } from '../../shared/contract.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { currentStep, runningSteps } from '../../shared/step.ts';
import { BuildKitOutput } from '../engines/buildkit/build-output.ts';
import { type SampleStatus, sampleStatus } from '../engines/buildkit/testing/sample-status.ts';
import type { EngineOutput, EngineStep } from '../engines/engine.ts';
import { Events } from '../events.ts';
import { JobLog, readLog, withStepIds } from './job-log.ts';
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

const started = (id: string, more: Partial<EngineStep> = {}): EngineOutput => ({
  kind: 'step-started',
  id,
  index: 1,
  total: 2,
  name: `RUN ${id}`,
  ...more,
});
const ended = (id: string, more: { cached?: boolean; error?: string } = {}): EngineOutput => ({
  kind: 'step-ended',
  id,
  cached: false,
  ...more,
});
const logged = (text: string, stepId?: string): EngineOutput => ({
  kind: 'log',
  stream: 'stdout',
  time: 5,
  text,
  ...(stepId ? { stepId } : {}),
});

test('steps are timed, cached steps are marked, and layers of this build are distinguished', () => {
  tracker.start();
  tracker.attempt.enterPhase('context');
  tracker.attempt.handleOutput(started('0:1', { name: 'FROM scratch', stage: 'build', line: 3, inputs: ['x'] }));
  tracker.attempt.handleOutput({ kind: 'layer', imageId: 'aaa', cached: true });
  tracker.attempt.handleOutput(ended('0:1', { cached: true }));
  tracker.attempt.handleOutput(started('0:2', { index: 2 }));
  tracker.attempt.handleOutput({ kind: 'layer', imageId: 'bbb', cached: false });
  expect(tracker.job.status).toBe('building');
  tracker.attempt.enterPhase('transferring');
  expect(tracker.job.steps).toMatchObject([
    {
      id: '0:1',
      name: 'FROM scratch',
      stage: 'build',
      line: 3,
      inputs: ['x'],
      cached: true,
      durationMs: expect.any(Number),
    },
    { id: '0:2', cached: false, durationMs: expect.any(Number) },
  ]);
  expect(tracker.attempt.layers).toEqual(['aaa', 'bbb']);
  expect(tracker.attempt.ownLayers).toEqual(['bbb']);
});

test('steps run at once, and the failed one is marked', () => {
  tracker.start();
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.handleOutput(started('1:1'));
  expect(runningSteps(tracker.job).map(({ id }) => id)).toEqual(['0:1', '1:1']);
  tracker.attempt.handleOutput(ended('1:1', { error: 'exit code: 1' }));
  tracker.fail(fail('build.failed', 'It failed.', 'Fix it.').problem);
  expect(currentStep(tracker.job)).toMatchObject({ id: '1:1', error: 'exit code: 1' });
  // it was interrupted
  expect(tracker.job.steps[0]).not.toHaveProperty('durationMs');
  expect(tracker.job.steps[0]).not.toHaveProperty('error');
});

test('a failure without a failed step counts for the step that runs longest', () => {
  tracker.start();
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.handleOutput(started('1:1'));
  tracker.fail(fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.').problem);
  expect(tracker.job.steps.map(({ error }) => error)).toEqual(['Node pi4 was lost.', undefined]);
});

test('a step that is reported as cached after its end keeps its duration', () => {
  tracker.start();
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.handleOutput(ended('0:1'));
  const [before] = tracker.job.steps;
  tracker.attempt.handleOutput(ended('0:1', { cached: true }));
  expect(tracker.job.steps).toEqual([{ ...before, cached: true }]);
});

test('a step that starts again replaces itself and becomes the newest', () => {
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.handleOutput(ended('0:1', { cached: true }));
  tracker.attempt.handleOutput(started('0:2'));
  tracker.attempt.handleOutput(started('0:1'));
  expect(tracker.job.steps).toMatchObject([{ id: '0:2' }, { id: '0:1', cached: false, firstLine: 2 }]);
});

test('the log names each step in a line of its own, and lines know their step, time and stream', async () => {
  tracker.attempt.handleOutput(logged('before'));
  tracker.attempt.handleOutput(started('0:1', { name: 'FROM a', stage: 'build' }));
  tracker.attempt.handleOutput(started('1:1', { index: 2 }));
  tracker.attempt.handleOutput(logged('one', '0:1'));
  tracker.attempt.handleOutput({ kind: 'log', stepId: '1:1', stream: 'stderr', time: 6, text: 'two' });
  tracker.attempt.handleOutput({ kind: 'warning', stepId: '0:1', text: 'old' });
  tracker.attempt.handleOutput(logged('unknown', '9:9'));
  events.flush();
  const logEvents = emitted.flatMap((each) => (each.event === 'job.log' ? [each] : []));
  const event = {
    lines: logEvents.flatMap((each) => each.lines),
    stepIds: logEvents.flatMap((each) => each.stepIds ?? []),
    times: logEvents.flatMap((each) => each.times ?? []),
    streams: logEvents.flatMap((each) => each.streams ?? []),
  };
  const lines = ['before', 'STEP 1/2 (build): FROM a', 'STEP 2/2: RUN 1:1', 'one', 'two', 'Warning: old', 'unknown'];
  expect(event).toMatchObject({ lines, stepIds: [null, '0:1', '1:1', '0:1', '1:1', '0:1', null] });
  expect(event.streams).toEqual(['stdout', 'engine', 'engine', 'stdout', 'stderr', 'engine', 'stdout']);
  expect(tracker.job.steps.map(({ firstLine }) => firstLine)).toEqual([1, 2]);
  await log.close();
  const onDisk = withStepIds(await readLog(join(folder, 'a.log'), 0, 10), tracker.job.steps);
  expect(onDisk).toEqual({ ...event, total: 7 });
});

test('the steps of a flood are emitted once each, without the other steps', () => {
  tracker.start();
  for (let index = 1; index <= 60_000; index += 1) {
    tracker.attempt.handleOutput(started(`0:${index}`, { index, total: 60_000 }));
    tracker.attempt.handleOutput(logged('x', `0:${index}`));
    tracker.attempt.handleOutput(ended(`0:${index}`));
  }
  events.flush();
  // 10,000 and one for the others
  expect(tracker.job.steps).toHaveLength(10_001);
  expect(tracker.job.steps.at(-1)).toMatchObject({ id: 'more', name: 'More steps' });
  const changes = emitted.filter(({ event }) => event === 'step.changed');
  expect(changes.length).toBeLessThan(30_000);
  expect(emitted.length - changes.length).toBeLessThan(1_000);
  expect(JSON.stringify(emitted.filter(({ event }) => event === 'job.changed'))).not.toContain('"steps"');
});

test('text of steps is limited and cannot control a terminal', () => {
  tracker.attempt.handleOutput(
    started('0:1', { name: `RUN \u001b]0;x\u0007${'y'.repeat(9_000)}`, stage: '\u202ebuild' }),
  );
  const [step] = tracker.job.steps;
  expect(step?.name).toMatch(/^RUN y+…$/);
  expect(step?.name.length).toBe(2000);
  expect(step?.stage).toBe('\ufffdbuild');
});

test('a BuildKit graph of any frontend becomes steps that run at once', async () => {
  const output = new BuildKitOutput({ instructions: [], file: 'Containerfile' }, (each) =>
    tracker.attempt.handleOutput(each),
  );
  const path = join(import.meta.dirname, '../engines/buildkit/testing/buildkit-graph.json');
  const updates = z.array(z.custom<SampleStatus>()).parse(JSON.parse(await readFile(path, 'utf8')));
  for (const { logs = [], ...update } of updates) {
    const bytes = logs.map((each) => ({ ...each, msg: Buffer.from(String(each.msg)) }));
    output.read(sampleStatus({ ...update, logs: bytes }));
  }
  output.end(true);
  events.flush();
  const story = emitted.flatMap((each) => {
    if (each.event === 'job.log') {
      return each.lines.map((line, index) => `${each.stepIds?.[index] ?? '-'} ${each.streams?.[index]} ${line}`);
    }
    return [];
  });
  expect(story).toEqual([
    '0:1 engine STEP 1/2 (base): package base',
    '1:1 engine STEP 3/4 (tools): package tools',
    '0:1 engine sha256:aaaaaaaaaaaa 2.1 MB downloaded',
    '0:1 engine Warning: base is old',
    '0:2 engine STEP 2/4 (base): configure',
    '1:2 engine STEP 4/4 (tools): compile',
    '1:2 stderr cc: warning: unused',
    '0:2 stdout checking for cc… yes',
    '- engine exporting to image',
  ]);
  expect(tracker.job.steps).toMatchObject([
    { id: '0:1', cached: false, durationMs: expect.any(Number), progress: { current: 2_100_000, total: 2_100_000 } },
    { id: '1:1', cached: true },
    { id: '0:2', inputs: ['0:1'] },
    { id: '1:2', inputs: ['1:1', '0:1'], error: 'exit code: 2' },
  ]);
});

test('a new phase is emitted after the log lines before it and before those after it', () => {
  tracker.attempt.enterPhase('building');
  tracker.logLine('compiling');
  tracker.attempt.enterPhase('transferring');
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
  expect(tracker.job).toMatchObject({ status: 'failed', lastLines: ['no such file'], lastLinesFrom: 0 });

  const other = new JobTracker('b1', assignment, log, events);
  other.fail(fail('build.cancelled', 'Cancelled.', '').problem);
  expect(other.job).toMatchObject({ status: 'cancelled', durationMs: 0 });
});

test('a job that moves to another node starts again and records the lost node', () => {
  tracker.start();
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.handleOutput({ kind: 'layer', imageId: 'aaa', cached: false });
  const problem = fail('ssh.lost', 'Node pi4 was lost.', 'Look at it.').problem;
  tracker.moveTo({ ...assignment, node: 'pi5' }, problem);
  const loss = { node: 'pi4', problem, mode: 'native', at: expect.any(String) };
  expect(tracker.job).toMatchObject({
    node: 'pi5',
    status: 'queued',
    steps: [],
    lost: [{ ...loss, steps: [{ id: '0:1' }] }],
  });
  expect(emitted.at(-1)).toMatchObject({ event: 'job.changed', job: { lost: [loss] } });
  expect(emitted.at(-1)).not.toHaveProperty('job.lost.0.steps');
  expect(tracker.attempt.layers).toEqual([]);
});

test('a job is cancelling until it has ended, whatever its node still reports', () => {
  tracker.attempt.enterPhase('building');
  tracker.startCancelling();
  tracker.attempt.handleOutput(started('0:1'));
  tracker.attempt.enterPhase('transferring');
  expect(tracker.job.status).toBe('cancelling');
  tracker.fail(fail('build.cancelled', 'The build was cancelled.', 'Start it again.').problem);
  tracker.startCancelling();
  expect(tracker.job.status).toBe('cancelled');
  const statuses = emitted.flatMap((event) => (event.event === 'job.changed' ? [event.job.status] : []));
  expect([...new Set(statuses)]).toEqual(['building', 'cancelling', 'cancelled']);
});

test('a job whose image is complete when it is cancelled is done', () => {
  tracker.attempt.enterPhase('transferring');
  tracker.startCancelling();
  void tracker.complete({ digest: `sha256:${'0'.repeat(64)}`, size: 1 });
  expect(tracker.job.status).toBe('done');
});

test('a warning is in the log and in the state of the job, once, with its lines and without what could hide them', async () => {
  const kept = {
    ...{ text: 'old\u202e word', detail: 'Write it\nanew.', url: 'https://docs.docker.com/go/x' },
    source: { file: 'Dockerfile', firstLine: 3, lastLine: 4 },
    stepId: '0:1',
  };
  tracker.attempt.handleOutput({ kind: 'warning', ...kept });
  tracker.attempt.handleOutput({ kind: 'warning', ...kept });
  expect((await log.read(0, 4)).lines).toEqual([
    ...['Warning: old\ufffd word (Dockerfile:3)', '  Write it', '  anew.', '  https://docs.docker.com/go/x'],
  ]);
  expect(tracker.job.warnings).toEqual([{ ...kept, text: 'old\ufffd word' }]);
});

test('a step begins when its engine says, and lasts as long as it says', () => {
  const time = Date.now() - 5_000;
  tracker.attempt.handleOutput({ kind: 'step-started', id: '0:1', index: 1, total: 1, name: 'RUN x', time });
  tracker.attempt.handleOutput({ kind: 'step-ended', id: '0:1', cached: false, durationMs: 70 });
  expect(tracker.job.steps).toMatchObject([{ startedAt: new Date(time).toISOString(), durationMs: 70 }]);
});
