import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { History } from './history.ts';

const platform = parsePlatform('linux/arm64') ?? expect.fail('no platform');
const assignment = { platform, node: 'pi4', mode: 'native', reason: 'only native node' } as const;

function build(id: string, status: Build['status']): Build {
  const request = { context: '/src', reference: 'api:1', pins: {}, emulate: true, buildArgs: {}, labels: {} };
  return {
    id,
    status,
    reference: 'api:1',
    request: { ...request, noCache: false, pull: 'missing', retention: 'cache' },
    schedule: { assignments: [assignment], unassigned: [], leftOut: [] },
    jobs: [{ ...assignment, status: 'building', steps: [], bytesSent: 0, bytesReceived: 0, lost: [] }],
    createdAt: '2026-01-02T03:04:05.000Z',
  };
}

let folder: string;
let history: History;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-history-'));
  history = new History(folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes the record of a build as a process with this pid would. */
async function saveAs(pid: number, saved: Build): Promise<void> {
  await mkdir(join(folder, saved.id));
  await writeFile(join(folder, saved.id, 'build.json'), JSON.stringify({ version: 2, pid, build: saved }));
}

test('builds are listed newest first, even if there are many', async () => {
  const ids = Array.from({ length: 300 }, (_, number) => `20260102-${String(number).padStart(6, '0')}-aaaa`);
  await Promise.all(ids.map((id) => history.save(build(id, 'done'))));
  expect((await history.list()).map(({ id }) => id)).toEqual(ids.toReversed());
});

test('a build is running for every process until its own process has died', async () => {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(other, 'spawn');
  await saveAs(other.pid ?? 0, build('b1', 'running'));
  expect((await history.get('b1')).status).toBe('running');
  other.kill('SIGKILL');
  await once(other, 'exit');
  const dead = await history.get('b1');
  expect(dead).toMatchObject({ status: 'failed', problem: { code: 'build.incomplete' } });
  expect(dead.jobs[0]).toMatchObject({ status: 'failed' });
});

test('a build of a dead process that had our pid is not running', async () => {
  await saveAs(process.pid, build('b1', 'running'));
  expect((await history.get('b1')).status).toBe('failed');
  await history.save(build('b2', 'running'));
  expect((await new History(folder).get('b2')).status).toBe('running');
});

test('a build whose end could not be saved is not running', async () => {
  await history.save(build('b1', 'running'));
  await rm(join(folder, 'b1'), { recursive: true });
  await writeFile(join(folder, 'b1'), 'in the way');
  await expect(history.save(build('b1', 'done'))).rejects.toThrow();
  await rm(join(folder, 'b1'));
  await saveAs(process.pid, build('b1', 'running'));
  expect((await history.get('b1')).status).toBe('failed');
});

test('the oldest builds are deleted with their logs, by several processes at once, except running builds', async () => {
  for (const id of ['b1', 'b3', 'b4', 'b5']) {
    await history.save(build(id, 'done'));
  }
  await history.save(build('b2', 'running'));
  await Promise.all([history.retain(2), new History(folder).retain(2), history.retain(2)]);
  expect((await history.list()).map(({ id }) => id)).toEqual(['b5', 'b4', 'b2']);
});

test('a build that does not exist, or whose id is a path, is unknown', async () => {
  for (const id of ['nope', '../secrets', '']) {
    await expect(history.get(id)).rejects.toMatchObject({ problem: { code: 'build.unknown' } });
  }
});

test('an unreadable record stays on disk and does not hide other builds', async () => {
  await history.save(build('b1', 'done'));
  await mkdir(join(folder, 'b2'));
  await writeFile(join(folder, 'b2', 'build.json'), '{');
  expect((await history.list()).map(({ id }) => id)).toEqual(['b1']);
  expect(await readFile(join(folder, 'b2', 'build.json'), 'utf8')).toBe('{');
});

test.each([
  [undefined, 'cache'],
  ['cache', 'cache'],
  ['keep', 'tagged'],
  ['cleanup', 'nothing'],
])('a record of version 1 with the retention %s is read with %s', async (oldRetention, retention) => {
  const oldName = 'residue'; // cspell:disable-line
  const { request, jobs, ...rest } = build('b1', 'failed');
  const { retention: _, ...options } = request;
  const old = {
    ...rest,
    request: { ...options, [oldName]: oldRetention },
    jobs: jobs.map((job) => ({ ...job, status: 'pulling' })),
  };
  await mkdir(join(folder, 'b1'));
  await writeFile(join(folder, 'b1', 'build.json'), JSON.stringify({ version: 1, pid: process.pid, build: old }));
  expect(await history.get('b1')).toEqual({
    ...rest,
    request: { ...request, retention },
    jobs: jobs.map((job) => ({ ...job, status: 'transferring' })),
  });
});
