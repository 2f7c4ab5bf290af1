import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConnectionStore } from '../connections/store.ts';
import { FarmStore } from './store.ts';
import { updateConnection } from './update-connection.ts';

const pi4 = { name: 'pi4', uri: 'ssh://pi4', identity: '/k' };

let folder: string;
let connections: ConnectionStore;
let farms: FarmStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'update-'));
  connections = new ConnectionStore(folder);
  farms = new FarmStore(folder, connections);
  await connections.add(pi4);
  await connections.add({ name: 'other', uri: 'ssh://other' });
  await farms.create('home', ['pi4', 'other'], false);
});
afterEach(() => rm(folder, { recursive: true }));

const update = (change: Parameters<typeof updateConnection>[3]) => updateConnection(connections, farms, 'pi4', change);
const farm = async () => (await farms.get('home')).connections;

test('name, URI and identity change at once, and farms have the new name', async () => {
  const changed = { name: 'pi5', uri: 'ssh://root@pi5', identity: '/other' };
  expect(await update({ rename: 'pi5', uri: changed.uri, identity: changed.identity })).toEqual(changed);
  expect(await connections.list()).toEqual([changed, { name: 'other', uri: 'ssh://other' }]);
  expect(await farm()).toEqual(['pi5', 'other']);
});

test('what is not named stays as it is, and an empty identity removes it', async () => {
  expect(await update({ uri: 'ssh://root@pi4' })).toEqual({ ...pi4, uri: 'ssh://root@pi4' });
  expect(await update({ identity: '' })).toEqual({ name: 'pi4', uri: 'ssh://root@pi4' });
  expect(await farm()).toEqual(['pi4', 'other']);
});

test('a name that is in use changes nothing', async () => {
  await expect(update({ rename: 'other', uri: 'ssh://new' })).rejects.toMatchObject({
    problem: { code: 'connection.exists' },
  });
  expect(await connections.get('pi4')).toEqual(pi4);
});

test('nothing changes if the farms cannot be changed', async () => {
  await writeFile(join(folder, 'farms.json'), 'not JSON');
  await expect(update({ rename: 'pi5', uri: 'ssh://pi5', identity: '' })).rejects.toMatchObject({
    problem: { code: 'settings.broken' },
  });
  expect(await connections.get('pi4')).toEqual(pi4);
  expect(await readFile(join(folder, 'farms.json'), 'utf8')).toBe('not JSON');
});
