import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, removeLeft } from './new-folder.ts';
import { leftParts, partPath } from './part-path.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-'));
});
afterEach(() => rm(folder, { recursive: true }));

const hourAgo = new Date(Date.now() - 3_700_000);

/** A part that a process which has ended has left. */
async function leave(path: string, at = hourAgo): Promise<string> {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const name = basename(partPath(path)).replace(`.${process.pid}-`, `.${pid}-`);
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, 'file'), 'x');
  await utimes(join(folder, name), at, at);
  return name;
}

test('what killed processes have left of a path is removed, and nothing else', async () => {
  const path = join(folder, 'image.tar');
  const left = await leave(path);
  const fresh = await leave(path, new Date());
  const other = await leave(join(folder, 'image.tar.gz'));
  const running = basename(partPath(path));
  await writeFile(join(folder, running), '');
  await utimes(join(folder, running), hourAgo, hourAgo);
  await writeFile(join(folder, '.image.tar.1-x.part'), '');
  expect((await leftParts(path)).map((each) => basename(each))).toEqual([left]);
  await removeLeft(path);
  expect((await readdir(folder)).sort()).toEqual([running, fresh, other, '.image.tar.1-x.part'].sort());
});

test('a folder that is made removes them, too', async () => {
  const path = join(folder, 'root');
  await leave(path);
  await makeFolder(path, async (part) => writeFile(join(part, 'new'), ''));
  expect(await readdir(folder)).toEqual(['root']);
  expect(await readdir(path)).toEqual(['new']);
});
