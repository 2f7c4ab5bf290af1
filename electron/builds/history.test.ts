import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { History } from './history.ts';
import { RunningBuilds } from './running-builds.ts';

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

let home: string;
let folder: string;
let running: RunningBuilds;
let history: History;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'barnraiser-history-'));
  folder = join(home, 'builds');
  running = new RunningBuilds(join(home, 'running'));
  history = openHistory();
});
afterEach(() => rm(home, { recursive: true }));

/** A history as another process or a later one has it. */
function openHistory(): History {
  return new History(folder, running, () => Promise.reject(fail('image.unknown', 'There is none.', 'Build it.')));
}

async function save(saved: Build): Promise<void> {
  await history.start(saved.id);
  await history.save(saved);
}

async function list(opened = history): Promise<BuildEntry[]> {
  return (await opened.list({ limit: 1000 })).entries;
}

const ids = (entries: readonly BuildEntry[]) => entries.map(({ id }) => id);

/** Writes a record as an older or newer version would. */
async function writeRecord(id: string, record: object | string): Promise<void> {
  await mkdir(join(folder, id), { recursive: true });
  await writeFile(join(folder, id, 'build.json'), typeof record === 'string' ? record : JSON.stringify(record));
}

test('builds are listed newest first, even if there are many', async () => {
  const many = Array.from({ length: 300 }, (_, number) => `20260102-${String(number).padStart(6, '0')}-aaaa`);
  await Promise.all(many.map((id) => save(build(id, 'done'))));
  expect(ids(await list())).toEqual(many.toReversed());
});

test('a build that runs nowhere was interrupted', async () => {
  await save(build('b1', 'running'));
  const stop = await running.hold('b1', () => undefined);
  expect((await history.get('b1')).status).toBe('running');
  expect(await list()).toMatchObject([{ id: 'b1', status: 'running' }]);
  await stop();
  const interrupted = {
    status: 'interrupted',
    problem: { code: 'build.incomplete' },
    jobs: [{ status: 'interrupted' }],
  };
  expect(await history.get('b1')).toMatchObject(interrupted);
  expect(await list()).toMatchObject([{ id: 'b1', status: 'interrupted' }]);
});

test('the oldest builds are deleted with their logs, by several processes at once, except running builds', async () => {
  for (const id of ['b1', 'b3', 'b4', 'b5']) {
    await save(build(id, 'done'));
  }
  await save(build('b2', 'running'));
  const stop = await running.hold('b2', () => undefined);
  const deleted = await Promise.all([history.retain(2), openHistory().retain(2)]);
  expect(new Set(deleted.flat())).toEqual(new Set(['b1', 'b3']));
  expect(ids(await list())).toEqual(['b5', 'b4', 'b2']);
  expect(await readdir(folder)).toEqual(['b2', 'b4', 'b5']);
  await stop();
});

test('a build that does not exist, or whose id is a path, is unknown', async () => {
  await mkdir(join(home, 'secrets'));
  for (const id of ['nope', '../secrets', '']) {
    await expect(history.get(id)).rejects.toMatchObject({ problem: { code: 'build.unknown' } });
    await expect(history.remove(id)).rejects.toMatchObject({ problem: { code: 'build.unknown' } });
  }
});

test('a damaged record and that of a newer version are listed as such, hide no other build and can be deleted', async () => {
  await save(build('20260101-000000-aaaa', 'done'));
  await writeRecord('20260102-030405-dead', '{');
  const newer = { ...build('b3', 'done'), reference: 'new:1', jobs: 'in another form' };
  await writeRecord('20260103-000000-aaaa', { version: 99, build: newer });
  const entries = await list();
  expect(entries).toMatchObject([
    { id: '20260103-000000-aaaa', status: 'unreadable', reference: 'new:1', project: '/src' },
    { id: '20260102-030405-dead', status: 'unreadable', createdAt: '2026-01-02T03:04:05.000Z' },
    { id: '20260101-000000-aaaa', status: 'done' },
  ]);
  expect(entries.map(({ problem }) => problem)).toEqual([
    'Build 20260103-000000-aaaa was built by a newer Barnraiser.',
    'The record of build 20260102-030405-dead is damaged.',
    undefined,
  ]);
  await expect(history.get('20260103-000000-aaaa')).rejects.toMatchObject({ problem: { code: 'build.newer' } });
  await expect(history.get('20260102-030405-dead')).rejects.toMatchObject({ problem: { code: 'build.damaged' } });
  await history.remove('20260103-000000-aaaa');
  await history.remove('20260102-030405-dead');
  expect(ids(await list())).toEqual(['20260101-000000-aaaa']);
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
  await writeRecord('b1', { version: 1, pid: process.pid, build: old });
  expect(await history.get('b1')).toEqual({
    ...rest,
    request: { ...request, retention },
    jobs: jobs.map((job) => ({ ...job, status: 'transferring' })),
  });
});

test('a record of version 2 is read', async () => {
  await writeRecord('b1', { version: 2, pid: process.pid, build: build('b1', 'done') });
  expect(await history.get('b1')).toEqual(build('b1', 'done'));
});

test('the Containerfile is named as it was found, and by the request if the record is old', async () => {
  await save({ ...build('b1', 'done'), containerfile: '/src/Dockerfile' });
  await history.saveContainerfile('b1', Buffer.from('FROM scratch'));
  expect(await history.containerfile('b1')).toEqual({ path: '/src/Dockerfile', text: 'FROM scratch' });
  await save(build('b2', 'done'));
  expect(await history.containerfile('b2')).toEqual({ path: 'Containerfile', text: '' });
});

test.skipIf(process.platform === 'win32')(
  'other users can read nothing, whatever the folder and the umask allow',
  async () => {
    const umask = process.umask(0);
    try {
      await mkdir(folder, { mode: 0o777 });
      await save(build('b1', 'done'));
      await history.saveContainerfile('b1', Buffer.from('FROM scratch'));
    } finally {
      process.umask(umask);
    }
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(folder)).toBe(0o700);
    const names = await readdir(home, { recursive: true });
    for (const name of names) {
      expect([name, (await modeOf(join(home, name))) & 0o077]).toEqual([name, 0]);
    }
  },
);
