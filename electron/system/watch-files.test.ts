import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pollFiles, watchFiles } from './watch-files.ts';

let folder: string;
let stop: () => void = () => undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-'));
});
afterEach(async () => {
  stop();
  await rm(folder, { recursive: true });
});

test('a file that is created, replaced or removed is noticed, other files are not', async () => {
  const path = join(folder, 'farms.json');
  const noticed: string[] = [];
  stop = watchFiles([path], (changed) => noticed.push(changed));
  await writeFile(join(folder, 'other.json'), '1');
  await writeFile(path, '1');
  await expect.poll(() => noticed).toEqual([path]);
  await writeFile(join(folder, 'new'), '2');
  await rename(join(folder, 'new'), path);
  await expect.poll(() => noticed).toEqual([path, path]);
  await rm(path);
  await expect.poll(() => noticed).toEqual([path, path, path]);
});

test('where the system cannot watch, files are looked at again and again', async () => {
  const path = join(folder, 'farms.json');
  const noticed: string[] = [];
  await writeFile(path, 'one');
  stop = pollFiles(folder, new Set(['farms.json']), (name) => noticed.push(name));
  await expect
    .poll(async () => {
      await appendFile(path, 'more');
      return noticed.length;
    })
    .toBeGreaterThan(0);
  expect(new Set(noticed)).toEqual(new Set(['farms.json']));
});
