import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { runInProcess } from '../system/testing/run-in-process.ts';
import { RunningBuilds } from './running-builds.ts';
import { arm64 } from './testing/sample-build.ts';

let folder: string;
let running: RunningBuilds;
/** As another process sees the builds. */
let other: RunningBuilds;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-running-'));
  running = new RunningBuilds(join(folder, 'running'));
  other = new RunningBuilds(join(folder, 'running'));
});
afterEach(() => rm(folder, { recursive: true }));

const ignore = (): void => undefined;

test('a build is running from its start to its end', async () => {
  expect(await other.isRunning('b1')).toBe(false);
  const release = await running.hold('b1', ignore);
  await running.hold('b2', ignore);
  expect(await other.list()).toEqual(['b1', 'b2']);
  expect(await other.isRunning('../running/b1')).toBe(false);
  const ended = other.ended('b1');
  await release();
  await ended;
  expect(await other.isRunning('b1')).toBe(false);
  expect(await other.list()).toEqual(['b2']);
});

test('a build whose process was killed is not running, and its files are removed', async () => {
  const program = runInProcess(`
    import { RunningBuilds } from ${JSON.stringify(new URL('./running-builds.ts', import.meta.url).href)};
    await new RunningBuilds(${JSON.stringify(join(folder, 'running'))}).hold('b1', () => undefined);
    console.log('running');
  `);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  await program.nextLine();
  expect(await other.isRunning('b1')).toBe(true);
  program.child.kill('SIGKILL');
  await program.exit;
  expect(await other.isRunning('b1')).toBe(false);
  await other.requestCancel('b1');
  expect(await other.list()).toEqual([]);
  expect(await readdir(join(folder, 'running'))).toEqual([]);
});

test('a build that starts removes the files of killed processes, also where no process lists builds', async () => {
  await mkdir(join(folder, 'running'));
  await other.requestCancel('killed');
  const release = await running.hold('b1', ignore);
  expect(await readdir(join(folder, 'running'))).toEqual(['b1']);
  await release();
});

test('another process can request the cancellation of a build and of a platform, and a retry of a platform', async () => {
  const requests: string[] = [];
  const release = await running.hold('b1', (request, platform) => requests.push([request, platform].join(' ').trim()));
  await running.hold('b10', () => expect.fail('not this build'));
  await other.requestCancel('b1', arm64);
  await expect.poll(() => requests).toEqual(['cancel linux-arm64']);
  await other.requestCancel('b1');
  await expect.poll(() => requests).toEqual(['cancel linux-arm64', 'cancel']);
  await other.requestRetry('b1', arm64);
  await expect.poll(() => requests.at(-1)).toBe('retry linux-arm64');
  await release();
  expect(await readdir(join(folder, 'running'))).toEqual(['b10']);
});
