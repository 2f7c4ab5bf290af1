import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { glob, splitPattern } from './glob.ts';

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

test.each([
  ['C:\\Users\\anna\\.ssh/config.d/*.conf', 'C:\\', ['Users', 'anna', '.ssh', 'config.d', '*.conf']],
  ['d:/keys/[ab]/*', 'd:/', ['keys', '[ab]', '*']],
  ['\\\\192.0.2.7\\share\\ssh\\*', '\\\\192.0.2.7\\share\\', ['ssh', '*']],
] as const)('on Windows, %s starts at its drive or share', (pattern, root, parts) => {
  expect(splitPattern(pattern, 'win32')).toEqual({ root, parts });
});
