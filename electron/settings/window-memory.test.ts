import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { problemOf } from '../../shared/problem.ts';
import { WindowMemory } from './window-memory.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'window-memory-'));
  path = join(folder, 'window-memory.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('remembers values in a file that only its owner can read', async () => {
  await new WindowMemory(folder).set('log.height', 420);
  await new WindowMemory(folder).set('builds.filter', { outcome: 'failed', text: '' });
  expect(await new WindowMemory(folder).get()).toEqual({
    'log.height': 420,
    'builds.filter': { outcome: 'failed', text: '' },
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('keeps keys that it does not know', async () => {
  await writeFile(path, JSON.stringify({ version: 1, entries: { 'of.a.newer.version': [1, { a: null }] } }));
  await new WindowMemory(folder).set('log.height', 420);
  expect(await new WindowMemory(folder).get()).toEqual({ 'of.a.newer.version': [1, { a: null }], 'log.height': 420 });
});

it('does not write a value that is remembered already', async () => {
  const memory = new WindowMemory(folder);
  await memory.set('list', ['a', 'b']);
  const { ino } = await stat(path);
  await memory.set('list', ['a', 'b']);
  expect((await stat(path)).ino).toBe(ino);
});

it('forgets the keys that were not set for the longest time', async () => {
  const entries = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key-${index}`, index]));
  await writeFile(path, JSON.stringify({ version: 1, entries }));
  const memory = new WindowMemory(folder);
  await memory.set('key-0', 'again');
  await memory.set('new', true);
  const kept = await memory.get();
  expect(Object.keys(kept)).toHaveLength(200);
  expect(kept).toMatchObject({ 'key-0': 'again', new: true });
  expect(kept).not.toHaveProperty('key-1');
});

it('refuses values that are too large', async () => {
  const refused = await new WindowMemory(folder).set('list', 'x'.repeat(20_000)).catch(problemOf);
  expect(refused).toMatchObject({ code: 'input.invalid' });
  expect(await new WindowMemory(folder).get()).toEqual({});
});

it('starts with nothing if the file is damaged, and leaves the file as it is', async () => {
  await writeFile(path, '{"version":1,"entries":');
  expect(await new WindowMemory(folder).get()).toEqual({});
  expect(await readFile(path, 'utf8')).toBe('{"version":1,"entries":');
});
