import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConnectionStore } from './store.ts';

let folder: string;
let store: ConnectionStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connections-'));
  store = new ConnectionStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const pi = { name: 'pi4', uri: 'ssh://pi@pi4:2222/run/user/1000/podman/podman.sock', identity: '/home/pi/.ssh/id' };
const mac = { name: 'mac', uri: 'ssh://me@mac' };

test('connections keep the order in which they were added, and are found by name', async () => {
  expect(await store.list()).toEqual([]);
  expect(await store.add(pi)).toEqual(pi);
  await store.add(mac);
  const another = new ConnectionStore(folder);
  expect(await another.list()).toEqual([pi, mac]);
  expect(await another.get('mac')).toEqual(mac);
  expect(await another.getAll(['mac', 'pi4'])).toEqual([mac, pi]);
});

test('a name cannot be used twice: the existing connection stays as it is', async () => {
  await store.add(pi);
  await expect(store.add({ name: 'pi4', uri: 'ssh://elsewhere' })).rejects.toMatchObject({
    problem: { code: 'connection.exists', message: `There is already a connection named pi4, to ${pi.uri}.` },
  });
  expect(await store.list()).toEqual([pi]);
});

test('the problem about an unknown name suggests the closest name and lists all names', async () => {
  await expect(store.get('pi')).rejects.toMatchObject({
    problem: {
      code: 'connection.unknown',
      fix: 'There are none yet.',
      actions: [{ id: 'add-connection', name: 'pi' }],
    },
  });
  await store.add(pi);
  await store.add(mac);
  await expect(store.get('p14')).rejects.toMatchObject({
    problem: {
      code: 'connection.unknown',
      message: 'There is no connection named "p14".',
      fix: 'Did you mean pi4? Available: pi4, mac.',
    },
  });
  await expect(store.getAll(['mac', 'pj4'])).rejects.toMatchObject({ problem: { code: 'connection.unknown' } });
});

test('a removed connection is unknown', async () => {
  await store.add(pi);
  await store.add(mac);
  await store.remove('pi4');
  expect(await store.list()).toEqual([mac]);
  await expect(store.remove('pi4')).rejects.toMatchObject({ problem: { fix: 'Available: mac.' } });
});

test('a file that was edited by hand is validated: URIs, and names that are listed twice', async () => {
  const path = join(folder, 'connections.json');
  await writeFile(path, JSON.stringify({ version: 1, connections: [mac, { name: 'pi4', uri: 'ftp://pi4' }] }));
  await expect(store.list()).rejects.toMatchObject({
    problem: { code: 'settings.broken', message: expect.stringContaining('connections[1].uri: "ftp://pi4"') },
  });
  await writeFile(path, JSON.stringify({ version: 1, connections: [mac, mac] }));
  await expect(store.add(pi)).rejects.toMatchObject({
    problem: { code: 'settings.broken', message: expect.stringContaining('connections: "mac" is listed twice.') },
  });
  expect(await readFile(path, 'utf8')).not.toContain('pi4');
});
