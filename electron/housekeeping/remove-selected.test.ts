import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { defaultParts, pruneOrder } from '../../shared/storage-kinds.ts';
import { NodeWork } from '../builds/node-work.ts';
import type { Engine, RemoveOptions, StoredItem } from '../engines/engine.ts';
import { classify } from './classify.ts';
import { removeSelected } from './remove-selected.ts';
import { selectItems } from './select-items.ts';

/** An engine whose storage is a list, and which removes an item with the untagged images that only it was based on, as podman does. */
class ListEngine {
  items: StoredItem[];
  readonly removed: string[] = [];
  readonly bases: string[] = [];
  /** Called before each removal. */
  onRemove: () => void = () => undefined;

  constructor(items: StoredItem[]) {
    this.items = items;
  }

  readonly storage: Engine['storage'] = {
    list: async () => ({ items: this.items, sharedBytes: 0, isBuilding: false }),
    remove: async (items, { bases }: RemoveOptions) => {
      this.onRemove();
      this.bases.push(...bases);
      const ids = new Set(items.map(({ id }) => id));
      this.removed.push(...ids);
      this.items = this.items.filter(({ id, isUsed }) => isUsed || !ids.has(id));
    },
  };
}

let folder: string;
let nodeWork: NodeWork;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remove-'));
  nodeWork = new NodeWork(folder, { isRunning: async () => true }, async () => []);
});
afterEach(() => rm(folder, { recursive: true }));

const nothing = { images: [], records: [], unneeded: [], hasJobs: false };

function image(id: string, item: Partial<StoredItem> = {}): StoredItem {
  return { kind: 'image', id, names: [], bytes: 10, createdAt: 1e12, parents: [], isUsed: false, ...item };
}

function candidates(items: readonly StoredItem[]) {
  return classify({ items, sharedBytes: 0, isBuilding: false }, nothing);
}

async function prune(engine: ListEngine, before: readonly StoredItem[], parts = pruneOrder) {
  const { selected } = selectItems(candidates(before), { parts }, { now: 2e12 });
  return removeSelected(selected, {
    engine: engine as unknown as Engine,
    names: ['pi4'],
    nodeWork,
    list: async () => ({ candidates: candidates(engine.items), sharedBytes: 0 }),
    signal: undefined,
  });
}

it('only what was in the preview goes, and of that nothing that has changed since', async () => {
  const before = [image('same'), image('named'), image('taken'), image('base'), image('gone')];
  const engine = new ListEngine([
    image('same'),
    image('named', { names: ['api:1'] }),
    image('taken', { isUsed: true }),
    image('base'),
    image('new', { parents: ['base'] }),
  ]);
  expect(await prune(engine, before)).toEqual({
    removed: 1,
    bytes: 10,
    kept: { changed: { count: 1, bytes: 10 }, used: { count: 1, bytes: 10 }, base: { count: 1, bytes: 10 } },
  });
  expect(engine.removed).toEqual(['same']);
});

it('what was used since the preview stays', async () => {
  const record = (usedAt: number) => image('r', { kind: 'cache', usedAt });
  const engine = new ListEngine([record(1e12 + 1)]);
  expect((await prune(engine, [record(1e12)])).kept).toEqual({ changed: { count: 1, bytes: 10 } });
});

it('what the engine does not remove is reported', async () => {
  const engine = new ListEngine([image('a'), image('b')]);
  engine.onRemove = () => {
    engine.items = engine.items.map((item) => (item.id === 'b' ? { ...item, isUsed: true } : item));
  };
  expect(await prune(engine, [image('a'), image('b')])).toMatchObject({
    removed: 1,
    kept: { refused: { count: 1, bytes: 10 } },
  });
});

it('no image goes while a job runs on the node, but the cache does', async () => {
  const platform = parsePlatform('linux/amd64') ?? expect.fail('no platform');
  await nodeWork.begin({ buildId: 'b', platform, node: 'pi4', tag: 'localhost/barnraiser/p:x' });
  const items = [image('a'), image('r', { kind: 'cache' })];
  const engine = new ListEngine(items);
  expect(await prune(engine, items)).toEqual({ removed: 1, bytes: 10, kept: { building: { count: 1, bytes: 10 } } });
  expect(engine.removed).toEqual(['r']);
});

it('the first image without a name that stays below those that go is named to the engine', async () => {
  const items = [
    image('root', { names: ['base:1'] }),
    image('stays', { parents: ['root'], createdAt: 1.5e12 }),
    image('middle', { parents: ['stays'] }),
    image('top', { parents: ['middle'] }),
  ];
  const engine = new ListEngine(items);
  const { selected } = selectItems(candidates(items), { parts: defaultParts }, { now: 2e12 });
  await removeSelected(
    selected.filter(({ item }) => item.id !== 'stays'),
    {
      engine: engine as unknown as Engine,
      names: ['pi4'],
      nodeWork,
      list: async () => ({ candidates: candidates(engine.items), sharedBytes: 0 }),
      signal: undefined,
    },
  );
  expect(engine.removed).toEqual(['top', 'middle']);
  expect(engine.bases).toEqual(['stays']);
});
