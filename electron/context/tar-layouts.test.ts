import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TarLayouts } from './tar-layouts.ts';

let home: string;
let folder: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'layouts-'));
  folder = join(home, 'layouts');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const name = (index: number) => index.toString(16).padStart(64, '0');
const entries = [
  { path: 'a', offset: 0, length: 512, digest: 'a'.repeat(64) },
  { path: 'b', offset: 512, length: 1024, digest: 'b'.repeat(64) },
];
const layout = { entries, bytes: 2560 };

it('remembers what tars consist of, for this user only', async () => {
  const layouts = new TarLayouts(folder);
  expect(await layouts.find(name(1))).toBeUndefined();
  await layouts.save(name(1), layout);
  expect(await new TarLayouts(folder).find(name(1))).toEqual([
    { length: 512, digest: 'a'.repeat(32) },
    { length: 1024, digest: 'b'.repeat(32) },
  ]);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, `${name(1)}.json`))).mode & 0o777).toBe(0o600);
});

it('forgets those that were not used for the longest time', async () => {
  const layouts = new TarLayouts(folder);
  for (let index = 0; index < 64; index++) {
    await layouts.save(name(index), layout);
    await utimes(join(folder, `${name(index)}.json`), 1000 + index, 1000 + index);
  }
  await layouts.find(name(0));
  await layouts.save(name(64), layout);
  expect(await readdir(folder)).toHaveLength(64);
  expect(await layouts.find(name(0))).toBeDefined();
  expect(await layouts.find(name(1))).toBeUndefined();
});

it('takes what it cannot read for unknown, and asks for no other files', async () => {
  const layouts = new TarLayouts(folder);
  await layouts.save(name(1), layout);
  const damaged = [
    ...['{', '[]', '{"version":1,"entries":[]}', '{"version":2,"lengths":[512],"digests":""}'],
    `{"version":2,"lengths":[-512],"digests":"${'a'.repeat(32)}"}`,
  ];
  for (const content of damaged) {
    await writeFile(join(folder, `${name(1)}.json`), content);
    expect(await layouts.find(name(1))).toBeUndefined();
  }
  await writeFile(join(home, 'other.json'), '{"version":2,"lengths":[],"digests":""}');
  expect(await layouts.find('../other')).toBeUndefined();
});

it('does without a folder that it cannot write', async () => {
  await writeFile(folder, 'a file');
  const layouts = new TarLayouts(folder);
  await layouts.save(name(1), layout);
  expect(await layouts.find(name(1))).toBeUndefined();
});
