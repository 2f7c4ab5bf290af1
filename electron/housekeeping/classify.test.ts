import { expect, it } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import type { StoredItem } from '../engines/engine.ts';
import { temporaryImageName } from '../engines/temporary-name.ts';
import { classify, type KnownOfNode } from './classify.ts';

const nothing: KnownOfNode = { images: [], records: [], unneeded: [], hasJobs: false };
const minute = 60_000;
const linuxAmd64 = parsePlatform('linux/amd64') ?? expect.fail('no platform');

function image(id: string, item: Partial<StoredItem> = {}): StoredItem {
  return { kind: 'image', id, names: [], bytes: 1, createdAt: 1e12, parents: [], isUsed: false, ...item };
}

function partsOf(items: readonly StoredItem[], known: Partial<KnownOfNode> = {}, isBuilding = false) {
  return classify({ items, sharedBytes: 0, isBuilding }, { ...nothing, ...known }).map(
    ({ item, part, own, isHeld }) => [item.id, part, ...(own ? ['own'] : []), ...(isHeld ? ['held'] : [])],
  );
}

it('an image without a name is the cache of a project if its id or a prefix of it is remembered', () => {
  const items = [image('sha256:aa11bb22'), image('cc33dd44'), image('ee55ff66')];
  expect(partsOf(items, { images: ['aa11', 'sha256:ee55ff66'] })).toEqual([
    ['sha256:aa11bb22', 'project', 'own'],
    ['cc33dd44', 'dangling'],
    ['ee55ff66', 'project', 'own'],
  ]);
});

it('a temporary name is a leftover a day later, and until then the image of a running build', () => {
  const stale = temporaryImageName('p', linuxAmd64, Date.now() - 25 * 60 * minute);
  const items = [
    image('stale', { names: [stale] }),
    image('running', { names: [temporaryImageName('p', linuxAmd64)] }),
    image('cached', { names: ['localhost/barnraiser/p:cache-linux-amd64'] }),
    image('named', { names: ['api:1'] }),
    image('both', { names: ['api:2', 'localhost/barnraiser/p:cache-linux-amd64'] }),
  ];
  expect(partsOf(items)).toEqual([
    ['stale', 'leftover', 'own'],
    ['running', 'leftover', 'own', 'held'],
    ['cached', 'project', 'own'],
    ['named', 'unused'],
    ['both', 'unused', 'own'],
  ]);
});

it('while a job runs there, no image goes; while others build, none that is fresh', () => {
  const items = [image('old', { createdAt: 1e12 - 11 * minute }), image('fresh'), image('named', { names: ['api:1'] })];
  expect(partsOf(items, { hasJobs: true })).toEqual([
    ['old', 'dangling', 'held'],
    ['fresh', 'dangling', 'held'],
    ['named', 'unused', 'held'],
  ]);
  expect(partsOf(items, {}, true)).toEqual([
    ['old', 'dangling'],
    ['fresh', 'dangling', 'held'],
    ['named', 'unused'],
  ]);
});

it('cache records are known by what projects need, contexts are own, containers and volumes belong to no prune', () => {
  const other = (kind: StoredItem['kind'], id: string) => image(id, { kind });
  const items = [
    other('cache', 'r1'),
    other('cache', 'r2'),
    other('context', 'a.tar'),
    other('context', 'part-x-1'),
    other('container', 'c'),
    other('volume', 'v'),
  ];
  expect(partsOf(items, { records: ['r2'] })).toEqual([
    ['r1', 'cache'],
    ['r2', 'cache', 'own'],
    ['a.tar', 'context', 'own'],
    ['part-x-1', 'leftover', 'own'],
    ['c', undefined],
    ['v', undefined],
  ]);
});
