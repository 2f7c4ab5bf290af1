import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { glob } from './glob.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glob-'));
  for (const name of ['10.conf', '9.conf', 'a.conf', '.hidden.conf', 'a', 'b', 'a(b)', '{a,b}', '[x]']) {
    await writeFile(join(folder, name), '');
  }
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'a.conf'), '');
  }
  await symlink('one', join(folder, 'link'));
});
afterAll(() => rm(folder, { recursive: true }));

// what glob(3) of glibc returns for the same files
test.each([
  ['*.conf', ['10.conf', '9.conf', 'a.conf']],
  ['.*.conf', ['.hidden.conf']],
  ['[!a]*.conf', ['10.conf', '9.conf']],
  ['[^a-z].conf', ['9.conf']],
  ['?', ['a', 'b']],
  ['*/a.conf', ['link/a.conf', 'one/a.conf', 'two/a.conf']],
  ['l*', ['link']],
  ['{a,b}', ['{a,b}']],
  ['a(*)', ['a(b)']],
  ['[[]x]', ['[x]']],
  ['a.conf', ['a.conf']],
  ['missing/*.conf', []],
  ['a.conf/*', []],
])('%s matches %j', async (pattern, names) => {
  expect(await glob(`${folder}/${pattern}`)).toEqual(names.map((name) => join(folder, name)));
});
