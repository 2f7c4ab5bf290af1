import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../images/digest.ts';
import { BlobLocations } from './blob-locations.ts';

const registry = 'registry.example.com';
const one = digestOf(Buffer.from('one'));
const two = digestOf(Buffer.from('two'));

let home: string;
let locations: BlobLocations;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'locations-'));
  locations = new BlobLocations(home);
});
afterEach(() => rm(home, { recursive: true }));

async function push(repository: string, ...digests: (typeof one)[]): Promise<void> {
  const known = await locations.for({ registry, repository });
  for (const digest of digests) {
    known.add(digest);
  }
  await known.save();
}

test('knows the other repositories of a registry that have a blob, the newest first', async () => {
  await push('team/old', one, two);
  await push('team/new', one);
  const known = await locations.for({ registry, repository: 'team/old' });
  expect([known.of(one), known.of(two)]).toEqual([['team/new'], []]);
  expect((await locations.for({ registry, repository: 'other' })).of(one)).toEqual(['team/new', 'team/old']);
  expect((await locations.for({ registry: 'quay.example.com', repository: 'other' })).of(one)).toEqual([]);
  expect((await stat(join(home, 'blob-locations.json'))).mode & 0o077).toBe(0);
});

test('forgets a blob that is not there any more', async () => {
  await push('team/api', one, two);
  const known = await locations.for({ registry, repository: 'other' });
  known.remove(one, 'team/api');
  expect([known.of(one), known.of(two)]).toEqual([[], ['team/api']]);
  await known.save();
  expect((await locations.for({ registry, repository: 'third' })).of(one)).toEqual([]);
});

test('also tries the repositories of base images of that registry', async () => {
  const known = await locations.for({ registry, repository: 'team/api' }, ['base/debian', 'team/api']);
  expect(known.of(one)).toEqual(['base/debian']);
});

test("Docker Hub's names are the same repository", async () => {
  const known = await locations.for({ registry: 'index.docker.io', repository: 'debian' });
  known.add(one);
  await known.save();
  expect((await locations.for({ registry: 'docker.io', repository: 'me/api' })).of(one)).toEqual(['library/debian']);
});

test('does not grow without end, and does without a file that cannot be read', async () => {
  await push('team/api', ...Array.from({ length: 1000 }, (_, number) => digestOf(Buffer.from(String(number)))));
  const size = (await stat(join(home, 'blob-locations.json'))).size;
  await push('team/api', ...Array.from({ length: 1000 }, (_, number) => digestOf(Buffer.from(`more ${number}`))));
  expect((await stat(join(home, 'blob-locations.json'))).size).toBe(size);
  await writeFile(join(home, 'blob-locations.json'), '{broken');
  await push('team/web', one);
  expect(await readFile(join(home, 'blob-locations.json'), 'utf8')).toBe('{broken');
});
