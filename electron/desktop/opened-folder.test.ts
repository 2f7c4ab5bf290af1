import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderOf, folderOfArguments } from './opened-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-opened-'));
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
});
afterEach(() => rm(folder, { recursive: true }));

it('takes the folder of the command line, whatever flags are around it', () => {
  expect(folderOfArguments(['/opt/barnraiser', '--no-sandbox', folder], '/', true)).toBe(folder);
  expect(folderOfArguments(['/opt/barnraiser', basename(folder)], dirname(folder), true)).toBe(folder);
  expect(folderOfArguments(['electron', '--no-sandbox', '.', folder], '/', false)).toBe(folder);
});

it('takes none where there is none, and not the app itself', () => {
  expect(folderOfArguments(['/opt/barnraiser'], folder, true)).toBeUndefined();
  expect(folderOfArguments(['electron', '.'], folder, false)).toBeUndefined();
  expect(folderOfArguments(['/opt/barnraiser', 'missing'], folder, true)).toBeUndefined();
});

it('takes the folder that a dropped file is in', () => {
  expect(folderOf(join(folder, 'Containerfile'))).toBe(folder);
});
