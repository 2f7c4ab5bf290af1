import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SampleStore } from './sample-store.ts';

const uri = 'ssh://pi@pi4.local';
let folder: string;
let samplesFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-samples-'));
  samplesFolder = join(folder, 'samples');
});
afterEach(() => rm(folder, { recursive: true }));

async function file(): Promise<string> {
  const [name = ''] = (await readdir(samplesFolder)).filter((each) => each.endsWith('.json'));
  return join(samplesFolder, name);
}

async function saved(...loads: number[]): Promise<SampleStore> {
  const store = new SampleStore(samplesFolder);
  for (const [index, load] of loads.entries()) {
    store.change(uri).add({ at: Date.now() - (loads.length - index) * 10_000, load });
  }
  await store.save();
  return store;
}

async function loadsOf(store: SampleStore): Promise<(number | undefined)[]> {
  return (await store.read(uri)).samples('minutes', Date.now()).map(({ load }) => load);
}

it('has the samples again after a restart, in a file that only this user can read', async () => {
  await saved(1, 2, 3);
  expect(await loadsOf(new SampleStore(samplesFolder))).toEqual([1, 2, 3]);
  expect([(await stat(samplesFolder)).mode & 0o777, (await stat(await file())).mode & 0o777]).toEqual([0o700, 0o600]);
  expect(await readFile(await file(), 'utf8')).not.toContain('pi4');
});

it('joins what several processes have seen', async () => {
  const [one, other] = [new SampleStore(samplesFolder), new SampleStore(samplesFolder)];
  const now = Date.now();
  one.change(uri).add({ at: now - 20_000, load: 1 });
  other.change(uri).add({ at: now - 10_000, load: 2 });
  await one.save();
  await other.save();
  expect(await loadsOf(one)).toEqual([1, 2]);
  expect(await loadsOf(new SampleStore(samplesFolder))).toEqual([1, 2]);
});

it.each([
  ['torn', async (path: string) => writeFile(path, (await readFile(path, 'utf8')).slice(0, 40))],
  ['of another format', (path: string) => writeFile(path, '{"version":1,"samples":[1,2]}')],
  ['far too large', (path: string) => writeFile(path, `[${'1,'.repeat(2 ** 20)}1]`)],
])('starts again from a file that is %s', async (_, damage) => {
  await saved(1, 2);
  await damage(await file());
  const store = new SampleStore(samplesFolder);
  expect(await loadsOf(store)).toEqual([]);
  store.change(uri).add({ at: Date.now(), load: 5 });
  await store.save();
  expect(await loadsOf(new SampleStore(samplesFolder))).toEqual([5]);
});

it('leaves a file of a newer version as it is', async () => {
  await saved(1);
  const newer = '{"version":2,"samples":{}}';
  await writeFile(await file(), newer);
  const store = new SampleStore(samplesFolder);
  expect(await loadsOf(store)).toEqual([]);
  store.change(uri).add({ at: Date.now(), load: 5 });
  await store.save();
  expect(await readFile(await file(), 'utf8')).toBe(newer);
});

it('ignores samples of a clock that was ahead', async () => {
  const store = new SampleStore(samplesFolder);
  store.change(uri).add({ at: Date.now() + 3_600_000, load: 9 });
  store.change(uri).add({ at: Date.now(), load: 1 });
  await store.save();
  const again = await new SampleStore(samplesFolder).read(uri);
  expect(again.samples('day', Date.now() + 7_200_000).map(({ load }) => load)).toEqual([1]);
});

it('removes files of nodes that were not seen for a day', async () => {
  const store = await saved(1);
  await store.retain(new Set([uri]));
  expect(await readdir(samplesFolder)).toHaveLength(1);
  const old = new Date(Date.now() - 25 * 3_600_000);
  await utimes(await file(), old, old);
  await store.retain(new Set());
  expect(await readdir(samplesFolder)).toEqual([]);
});

it('keeps the samples in memory if the folder cannot be written, and writes them later', async () => {
  await writeFile(samplesFolder, 'a file is in the place of the folder');
  const store = await saved(1);
  await rm(samplesFolder);
  await store.save();
  expect(await loadsOf(new SampleStore(samplesFolder))).toEqual([1]);
});
