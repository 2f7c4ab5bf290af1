import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConnectionStore } from '../connections/store.ts';
import { importAll } from './import.ts';
import { FarmStore } from './store.ts';

let folder: string;
let connections: ConnectionStore;
let farms: FarmStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'));
  connections = new ConnectionStore(folder);
  farms = new FarmStore(folder, connections);
});
afterEach(() => rm(folder, { recursive: true }));

const a = { name: 'a', uri: 'ssh://root@a/s', identity: '/k' };
const b = { name: 'b', uri: 'ssh://b' };
const farm = (name: string, members: string[], isDefault = false) => ({ name, connections: members, isDefault });
const content = async () => [
  await readFile(join(folder, 'connections.json'), 'utf8'),
  await readFile(join(folder, 'farms.json'), 'utf8'),
];

test('connections and farms are added, and a second import changes nothing', async () => {
  const request = { connections: [a, b], farms: [farm('all', ['b', 'a'], true), farm('none', [])] };
  expect(await importAll(connections, farms, request)).toEqual({
    added: [
      { name: 'a', connection: 'a' },
      { name: 'b', connection: 'b' },
    ],
    known: [],
    farmsCreated: ['all', 'none'],
    farmsChanged: [],
  });
  expect(await connections.list()).toEqual([a, b]);
  expect(await farms.list()).toEqual({
    farms: [
      { name: 'all', connections: ['b', 'a'] },
      { name: 'none', connections: [] },
    ],
    default: 'all',
  });
  const before = await content();
  expect(await importAll(connections, farms, request)).toEqual({
    added: [],
    known: [
      { name: 'a', connection: 'a' },
      { name: 'b', connection: 'b' },
    ],
    farmsCreated: [],
    farmsChanged: [],
  });
  expect(await content()).toEqual(before);
});

test('a known engine keeps its name, a name in use gets a number, and farms use these names', async () => {
  await connections.add({ name: 'mine', uri: 'root@A:22/s' });
  await connections.add({ name: 'b', uri: 'ssh://another' });
  await farms.create('all', ['b'], true);
  await farms.create('kept', ['b']);
  const twin = { name: 'twin', uri: 'ssh://b:22' };
  const request = {
    connections: [a, b, twin],
    farms: [farm('all', ['a', 'b', 'twin']), farm('new', ['twin', 'b'], true), farm('kept', [])],
  };
  expect(await importAll(connections, farms, request)).toEqual({
    added: [{ name: 'b', connection: 'b-2' }],
    known: [
      { name: 'a', connection: 'mine' },
      { name: 'twin', connection: 'b-2' },
    ],
    farmsCreated: ['new'],
    farmsChanged: ['all'],
  });
  expect(await farms.list()).toEqual({
    farms: [
      { name: 'all', connections: ['b', 'mine', 'b-2'] },
      { name: 'kept', connections: ['b'] },
      { name: 'new', connections: ['b-2'] },
    ],
    default: 'all',
  });
});

test('nothing is written if the farms cannot be read', async () => {
  await writeFile(join(folder, 'farms.json'), '{');
  await expect(importAll(connections, farms, { connections: [a], farms: [] })).rejects.toMatchObject({
    problem: { code: 'settings.broken' },
  });
  expect(await connections.list()).toEqual([]);
});

test('added connections are removed again if the farms cannot be written', async () => {
  await connections.add(b);
  // in a dangling link no farms can be read or written
  await symlink('/nowhere/at/all', join(folder, 'dangling'));
  const unwritable = new FarmStore(join(folder, 'dangling'), connections);
  await expect(
    importAll(connections, unwritable, { connections: [a], farms: [farm('f', ['a'])] }),
  ).rejects.toMatchObject({
    problem: { code: 'settings.unwritable' },
  });
  expect(await connections.list()).toEqual([b]);
});

test.each([
  [{ connections: [a, { ...b, name: 'a' }], farms: [] }, 'Connection a is listed twice.'],
  [{ connections: [a], farms: [farm('f', ['a', 'b'])] }, 'Farm f has a connection b that is not imported.'],
])('an inconsistent request is rejected and adds nothing', async (request, message) => {
  await expect(importAll(connections, farms, request)).rejects.toMatchObject({
    problem: { code: 'input.invalid', message },
  });
  expect(await connections.list()).toEqual([]);
});

test('two concurrent imports add each engine once', async () => {
  const again = new ConnectionStore(folder);
  const request = { connections: [a, b], farms: [farm('all', ['a', 'b'])] };
  const reports = await Promise.all([
    importAll(connections, farms, request),
    importAll(again, new FarmStore(folder, again), request),
  ]);
  expect(reports.map(({ added }) => added.length).sort()).toEqual([0, 2]);
  expect(await connections.list()).toEqual([a, b]);
  expect((await farms.list()).farms).toEqual([{ name: 'all', connections: ['a', 'b'] }]);
});
