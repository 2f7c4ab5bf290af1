import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionStore } from '../connections/store.ts';
import { FarmStore } from './store.ts';

let folder: string;
let farms: FarmStore;
let connections: ConnectionStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farms-'));
  connections = new ConnectionStore(folder);
  for (const name of ['pi4', 'pi5', 'mac']) {
    await connections.add({ name, uri: `ssh://${name}` });
  }
  farms = new FarmStore(folder, connections);
});
afterEach(() => rm(folder, { recursive: true }));

describe('creating a farm', () => {
  test('keeps its connections in order, without duplicates', async () => {
    expect(await farms.create('pis', ['pi5', 'pi4', 'pi5'])).toEqual({ name: 'pis', connections: ['pi5', 'pi4'] });
    await farms.create('empty', []);
    expect(await farms.list()).toEqual({
      farms: [
        { name: 'pis', connections: ['pi5', 'pi4'] },
        { name: 'empty', connections: [] },
      ],
    });
    expect(await farms.get('pis')).toEqual({ name: 'pis', connections: ['pi5', 'pi4'] });
  });

  test('makes it the default only if requested', async () => {
    await farms.create('pis', ['pi4']);
    expect(await farms.default()).toBeUndefined();
    await farms.create('all', ['pi4', 'mac'], true);
    expect(await farms.default()).toEqual({ name: 'all', connections: ['pi4', 'mac'] });
    expect((await farms.list()).default).toBe('all');
  });

  test('fails for a name in use and for unknown connections', async () => {
    await farms.create('pis', ['pi4']);
    await expect(farms.create('pis', ['mac'])).rejects.toMatchObject({ problem: { code: 'farm.exists' } });
    await expect(farms.create('macs', ['nac'])).rejects.toMatchObject({
      problem: { code: 'connection.unknown', fix: 'Did you mean mac? Available: pi4, pi5, mac.' },
    });
    expect((await farms.list()).farms).toEqual([{ name: 'pis', connections: ['pi4'] }]);
  });
});

describe('updating a farm', () => {
  beforeEach(() => farms.create('pis', ['pi4', 'mac'], true));

  test('adds, removes and renames at once, and a renamed default stays the default', async () => {
    const farm = await farms.update('pis', { rename: 'berries', add: ['pi5', 'pi4'], remove: ['mac'] });
    expect(farm).toEqual({ name: 'berries', connections: ['pi4', 'pi5'] });
    expect(await farms.list()).toEqual({ farms: [farm], default: 'berries' });
  });

  test('makes another farm the default', async () => {
    await farms.create('macs', ['mac']);
    await farms.update('macs', { makeDefault: true });
    expect((await farms.list()).default).toBe('macs');
  });

  test.each([
    ['pjs', {}, { code: 'farm.unknown', fix: 'Did you mean pis? Available: pis, macs.' }],
    ['pis', { rename: 'macs' }, { code: 'farm.exists' }],
    ['pis', { add: ['pi9'] }, { code: 'connection.unknown' }],
    ['pis', { remove: ['pi5'] }, { message: 'Farm pis has no connection "pi5".', fix: 'It has pi4, mac.' }],
    ['pis', { add: ['pi5'], remove: ['pi5'] }, { code: 'input.invalid' }],
  ])('fails for %s %j and changes nothing', async (name, change, problem) => {
    await farms.create('macs', ['mac']);
    const before = await farms.list();
    await expect(farms.update(name, { ...change, makeDefault: true })).rejects.toMatchObject({ problem });
    expect(await farms.list()).toEqual(before);
  });
});

test('removing the default farm leaves no default, and removing another farm keeps it', async () => {
  await farms.create('pis', ['pi4'], true);
  await farms.create('macs', ['mac']);
  await farms.remove('macs');
  expect((await farms.list()).default).toBe('pis');
  await farms.remove('pis');
  expect(await farms.list()).toEqual({ farms: [] });
  await expect(farms.remove('pis')).rejects.toMatchObject({ problem: { code: 'farm.unknown' } });
});

test('a connection is removed from every farm, and the farms that had it are returned', async () => {
  await farms.create('pis', ['pi4', 'pi5'], true);
  await farms.create('all', ['mac', 'pi4']);
  await farms.create('macs', ['mac']);
  expect(await farms.namesWith('pi4')).toEqual(['pis', 'all']);
  expect(await farms.removeConnection('pi4')).toEqual(['pis', 'all']);
  expect(await farms.removeConnection('pi4')).toEqual([]);
  expect(await farms.list()).toEqual({
    farms: [
      { name: 'pis', connections: ['pi5'] },
      { name: 'all', connections: ['mac'] },
      { name: 'macs', connections: ['mac'] },
    ],
    default: 'pis',
  });
});

test('a connection that no longer exists is left out of its farms', async () => {
  await farms.create('pis', ['pi4', 'pi5'], true);
  await connections.remove('pi4');
  expect((await farms.get('pis')).connections).toEqual(['pi5']);
  expect((await farms.default())?.connections).toEqual(['pi5']);
  expect((await farms.list()).farms).toEqual([{ name: 'pis', connections: ['pi5'] }]);
  await farms.update('pis', { remove: ['pi5'] });
  expect((await farms.get('pis')).connections).toEqual([]);
});

test('a file whose default is not a farm is broken', async () => {
  await writeFile(join(folder, 'farms.json'), '{"version":1,"farms":[],"default":"pis"}');
  await expect(farms.default()).rejects.toMatchObject({
    problem: { code: 'settings.broken', message: expect.stringContaining('default: There is no farm "pis".') },
  });
});
