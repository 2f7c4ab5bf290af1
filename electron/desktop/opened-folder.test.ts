import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderAt, folderFromArguments, linkFromArguments } from './opened-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-opened-'));
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
});
afterEach(() => rm(folder, { recursive: true }));

it('finds the folder argument among flags', () => {
  expect(folderFromArguments(['/opt/barnraiser', '--no-sandbox', folder], '/', true)).toBe(folder);
  expect(folderFromArguments(['/opt/barnraiser', basename(folder)], dirname(folder), true)).toBe(folder);
  expect(folderFromArguments(['electron', '--no-sandbox', '.', folder], '/', false)).toBe(folder);
});

it('finds no folder if there is none, and not the app itself', () => {
  expect(folderFromArguments(['/opt/barnraiser'], folder, true)).toBeUndefined();
  expect(folderFromArguments(['electron', '.'], folder, false)).toBeUndefined();
  expect(folderFromArguments(['/opt/barnraiser', 'missing'], folder, true)).toBeUndefined();
});

it('takes a link for no folder, and a folder for no link', () => {
  const argv = ['/opt/barnraiser', '--no-sandbox', 'barnraiser://build/b1', folder];
  expect(folderFromArguments(argv, '/', true)).toBe(folder);
  expect(linkFromArguments(argv)).toBe('barnraiser://build/b1');
  expect(linkFromArguments(['/opt/barnraiser', folder])).toBeUndefined();
});

it('finds the folder of a dropped file', () => {
  expect(folderAt(join(folder, 'Containerfile'))).toBe(folder);
});
