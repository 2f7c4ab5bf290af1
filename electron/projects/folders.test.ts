import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { listFolders } from './folders.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'folders-'));
  await mkdir(join(folder, 'projects', 'api'), { recursive: true });
  await writeFile(join(folder, 'projects', 'notes.txt'), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['projects/ap', 'There is no folder ap in projects.'],
  ['projects/api/src/main', 'There is no folder src in api.'],
  ['projects/notes.txt', 'notes.txt is not a folder.'],
])('says why %s cannot be opened', async (path, message) => {
  const problem = await listFolders(join(folder, path)).then(() => undefined, problemOf);
  expect(problem).toMatchObject({ code: 'context.missing', message });
});

it('names the root as the folder in which the first part is missing', async () => {
  const problem = await listFolders('/no-such-folder/of/anybody').then(() => undefined, problemOf);
  expect(problem?.message).toBe('There is no folder no-such-folder in /.');
});
