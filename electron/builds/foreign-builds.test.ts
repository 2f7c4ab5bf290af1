import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AppEvent } from '../../shared/contract.ts';
import type { Step } from '../../shared/step.ts';
import { Events } from '../events.ts';
import { giveToOtherProcess } from '../system/testing/heartbeat-of-other.ts';
import { ForeignBuilds } from './foreign-builds.ts';
import { History } from './history.ts';
import { RunningBuilds } from './running-builds.ts';
import { arm64, sampleBuild, sampleJob } from './testing/sample-build.ts';

let folder: string;
let running: RunningBuilds;
let history: History;
let foreign: ForeignBuilds;
let events: AppEvent[];
let emitter: Events;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-foreign-'));
  running = new RunningBuilds(join(folder, 'running'));
  history = new History(join(folder, 'builds'), running, () => Promise.reject(new Error('no images')));
  events = [];
  emitter = new Events();
  emitter.subscribe((event) => events.push(event));
  foreign = new ForeignBuilds(history, running, emitter, (id) => id === 'own');
  foreign.follow();
});
afterEach(async () => {
  await foreign.close();
  await rm(folder, { recursive: true });
});

const names = (): string[] => events.map(({ event }) => event);
const waitForEvents = (...expected: string[]): Promise<void> => expect.poll(() => names()).toEqual(expected);

/** Starts a build as its own process does. */
async function start(id: string): Promise<() => Promise<void>> {
  const release = await running.hold(id, () => undefined);
  await history.save(sampleBuild(id, 'running'));
  await writeFile(history.logPath(id, arm64), 'one\nincomplete');
  return release;
}

test('a build of another process emits the events of its start, its changes, its log and its end', async () => {
  await running.hold('own', () => undefined);
  const release = await start('b1');
  await waitForEvents('build.started', 'job.log');
  expect(events[0]).toMatchObject({ build: { id: 'b1' }, ofOtherProcess: true });
  expect(events[1]).toMatchObject({ buildId: 'b1', platform: arm64, node: 'pi4', from: 0 });
  await appendFile(history.logPath('b1', arm64), 'ete\n');
  await history.save(sampleBuild('b1', 'running', { jobs: [sampleJob({ bytesSent: 5 })] }));
  await expect.poll(() => names().sort()).toEqual(['build.started', 'job.changed', 'job.log', 'job.log']);
  expect(events.find(({ event }) => event === 'job.changed')).toMatchObject({ buildId: 'b1', job: { bytesSent: 5 } });
  expect(events.findLast(({ event }) => event === 'job.log')).toMatchObject({ from: 1 });
  await history.save(sampleBuild('b1', 'done', { jobs: [sampleJob({ status: 'done' })] }));
  await release();
  await expect.poll(() => names().slice(4)).toEqual(['job.changed', 'build.finished']);
  expect(events.at(-1)).toMatchObject({ build: { id: 'b1', status: 'done' } });
});

test('a build that ends before its start is seen is reported with its end', async () => {
  // the folder is being watched
  const release = await start('b1');
  await waitForEvents('build.started', 'job.log');
  await history.save(sampleBuild('b1', 'done'));
  await waitForEvents('build.started', 'job.log', 'build.finished');
  await release();
  const releaseNext = await running.hold('b2', () => undefined);
  await history.save(sampleBuild('b2', 'failed'));
  await releaseNext();
  await expect.poll(() => events.at(-1)).toMatchObject({ build: { id: 'b2', status: 'failed' } });
  // each end is reported once, although the system reports the removal of files like their creation
  await start('b3');
  await waitForEvents('build.started', 'job.log', 'build.finished', 'build.finished', 'build.started', 'job.log');
});

test('a build whose process has died is reported as interrupted', async () => {
  await start('b1');
  await waitForEvents('build.started', 'job.log');
  await giveToOtherProcess(join(folder, 'running', 'b1'), 60_000);
  await expect.poll(() => names().slice(2)).toEqual(['job.changed', 'build.finished']);
  expect(events.at(-1)).toMatchObject({ build: { status: 'interrupted', problem: { code: 'build.incomplete' } } });
});

test('a build that was interrupted before is not reported', async () => {
  await foreign.close();
  await start('b1');
  await giveToOtherProcess(join(folder, 'running', 'b1'), 60_000);
  const emitter = new Events();
  emitter.subscribe((event) => events.push(event));
  foreign = new ForeignBuilds(history, running, emitter, () => false);
  foreign.follow();
  await start('b2');
  await waitForEvents('build.started', 'job.log');
  expect(events[0]).toMatchObject({ build: { id: 'b2' } });
  await history.save(sampleBuild('b2', 'done'));
  await expect.poll(() => events.at(-1)).toMatchObject({ build: { id: 'b2', status: 'done' } });
  expect(names()).toEqual(['build.started', 'job.log', 'build.finished']);
});

test('steps that changed are reported one by one', async () => {
  const release = await start('b1');
  await waitForEvents('build.started', 'job.log');
  const step = (index: number): Step => ({
    id: `0:${index}`,
    index,
    total: 3,
    name: `RUN ${index}`,
    cached: false,
    startedAt: '2026-01-02T03:04:05.000Z',
    firstLine: 0,
  });
  const [one, two, three] = [step(1), step(2), step(3)];
  await history.save(sampleBuild('b1', 'running', { jobs: [sampleJob({ steps: [one, two] })] }));
  await waitForEvents('build.started', 'job.log', 'step.changed', 'step.changed');
  const ended = { ...two, durationMs: 5 };
  await history.save(sampleBuild('b1', 'running', { jobs: [sampleJob({ steps: [one, ended, three] })] }));
  await expect.poll(() => events.slice(4)).toMatchObject([{ step: ended }, { step: three }]);
  await release();
});

test('builds that another process deletes are reported, each once', async () => {
  await history.save(sampleBuild('b1', 'done'));
  await history.save(sampleBuild('b2', 'done'));
  await start('b3');
  await waitForEvents('build.started', 'job.log');
  const other = new History(join(folder, 'builds'), running, () => Promise.reject(new Error('no images')));
  await other.remove('b1');
  await expect.poll(() => events.at(-1)).toEqual({ event: 'builds.removed', ids: ['b1'] });
  // a build that this process deletes is reported by it
  emitter.emit({ event: 'builds.removed', ids: ['b2'] });
  await history.remove('b2');
  await other.remove('b3');
  await expect.poll(() => events.at(-1)).toEqual({ event: 'builds.removed', ids: ['b3'] });
  expect(events.filter(({ event }) => event === 'builds.removed')).toHaveLength(3);
});

test('a build that is removed while it is followed is forgotten', async () => {
  const release = await start('b1');
  await waitForEvents('build.started', 'job.log');
  await release();
  await rm(dirname(history.logPath('b1', arm64)), { recursive: true });
  await start('b2');
  const others = () => events.filter(({ event }) => event !== 'builds.removed');
  await expect
    .poll(() => others().map(({ event }) => event))
    .toEqual(['build.started', 'job.log', 'build.started', 'job.log']);
  expect(others()[2]).toMatchObject({ build: { id: 'b2' } });
});
