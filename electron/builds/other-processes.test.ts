import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type App, createApp } from '../app.ts';
import { giveToOtherProcess } from '../system/testing/heartbeat-of-other.ts';
import { History } from './history.ts';
import { RunningBuilds } from './running-builds.ts';
import { arm64, sampleBuild, sampleJob } from './testing/sample-build.ts';

/** Builds that another process of the same data folder runs, as an app answers calls about them. */

const id = '20260102-030405-abcd';

let home: string;
let app: App;
let running: RunningBuilds;
let history: History;
let release: () => Promise<void>;
/** What the app has requested of the other process. */
let requests: (string | undefined)[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-others-'));
  app = await createApp({ frontEnd: 'terminal', home });
  running = new RunningBuilds(join(home, 'running'));
  history = new History(join(home, 'builds'), running, () => Promise.reject(new Error('no images')));
  requests = [];
  release = await running.hold(id, async (_, platform) => {
    requests.push(platform);
    if (platform === undefined) {
      await history.save(sampleBuild(id, 'cancelled', { jobs: [sampleJob({ status: 'cancelled' })] }));
      await release();
    }
  });
  await history.save(sampleBuild(id, 'running'));
  await writeFile(history.logPath(id, arm64), 'one\ntwo\n');
});
afterEach(async () => {
  await release();
  await app.close();
  await rm(home, { recursive: true });
});

const problem = (code: string) => ({ ok: false, problem: { code } });

test('it is shown as running, with its log', async () => {
  expect(await app.call('builds.get', { id })).toMatchObject({ ok: true, value: { id, status: 'running' } });
  const log = await app.call('builds.log', { id, platform: arm64, from: 0, count: 10 });
  expect(log).toMatchObject({ ok: true, value: { total: 2 } });
});

test('it is cancelled by the process that runs it, and the call waits for its end', async () => {
  expect(await app.call('builds.cancel', { id, platform: arm64 })).toMatchObject({ ok: true });
  expect(await app.call('builds.cancel', { id })).toMatchObject({ ok: true });
  expect(requests).toContain(undefined);
  expect(await app.call('builds.get', { id })).toMatchObject({ value: { status: 'cancelled' } });
  // it has ended already
  expect(await app.call('builds.cancel', { id })).toMatchObject({ ok: true });
});

test('a build that does not exist cannot be cancelled', async () => {
  expect(await app.call('builds.cancel', { id: 'nope' })).toMatchObject(problem('build.unknown'));
  expect(await app.call('builds.cancel', { id: '../running' })).toMatchObject(problem('build.unknown'));
});

test('it cannot be removed until it has ended', async () => {
  expect(await app.call('builds.remove', { id })).toMatchObject(problem('build.running'));
  expect(await app.call('builds.get', { id })).toMatchObject({ ok: true });
  await history.save(sampleBuild(id, 'done'));
  await release();
  expect(await app.call('builds.remove', { id })).toMatchObject({ ok: true });
  expect(await app.call('builds.get', { id })).toMatchObject(problem('build.unknown'));
});

test('if its process has died, it was interrupted, and can be removed', async () => {
  await giveToOtherProcess(join(home, 'running', id), 60_000);
  expect(await app.call('builds.get', { id })).toMatchObject({
    value: { status: 'interrupted', problem: { code: 'build.incomplete' }, jobs: [{ status: 'interrupted' }] },
  });
  expect(await app.call('builds.cancel', { id })).toMatchObject({ ok: true });
  expect(requests).toEqual([]);
  expect(await app.call('builds.remove', { id })).toMatchObject({ ok: true });
});
