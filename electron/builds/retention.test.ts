import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import type { Engine } from '../engines/engine.ts';
import { ProjectMemory } from './project-memory.ts';
import { applyRetention, type Built, cleanUpFailed } from './retention.ts';

const platform = parsePlatform('linux/arm64') ?? expect.fail('no platform');

let folder: string;
let memory: ProjectMemory;
/** What was asked of the engine, in its order. */
let asked: string[];
/** Only what residues ask of an engine. */
let engine: Pick<Engine, 'tag' | 'untag' | 'remove'>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-residue-'));
  memory = new ProjectMemory(folder, 'p', '/src/api');
  asked = [];
  engine = {
    tag: async (image, name) => void asked.push(`tag ${image} ${name}`),
    untag: async (image, name) => void asked.push(`untag ${image} ${name}`),
    remove: async (image) => asked.push(`remove ${image}`) > 0,
  };
});
afterEach(() => rm(folder, { recursive: true }));

function built(imageId: string, layers: string[], ownLayers = layers): Built {
  return { platform, node: 'pi4', tag: `tag-${imageId}`, reference: 'api:1', imageId, layers, ownLayers };
}

test('as a cache the newest image stays without a name, and what only the one before needed goes, newest first', async () => {
  await applyRetention(engine, built('one', ['a', 'b1', 'c1']), 'cache', memory);
  expect(asked).toEqual(['untag one tag-one']);
  asked = [];
  await applyRetention(engine, built('two', ['a', 'b2']), 'cache', memory);
  expect(asked).toEqual(['untag two tag-two', 'remove one', 'remove c1', 'remove b1']);
  expect(await memory.find(platform, 'pi4')).toMatchObject({ imageId: 'two', layers: ['a', 'b2'] });
});

test('ids that the engine has cut are known again', async () => {
  await applyRetention(engine, built('one', ['abc']), 'cache', memory);
  asked = [];
  await applyRetention(engine, built('two', ['abcdef']), 'cache', memory);
  expect(asked).toEqual(['untag two tag-two', 'remove one']);
});

test("what is kept gets the person's name and is never removed by a later build", async () => {
  await applyRetention(engine, built('one', ['a']), 'keep', memory);
  expect(asked).toEqual(['tag one api:1', 'untag one tag-one']);
  asked = [];
  await applyRetention(engine, built('two', ['b']), 'cleanup', memory);
  expect(asked).not.toContain('remove one');
});

test('a cleanup leaves nothing that this build or the one before has made', async () => {
  await applyRetention(engine, built('one', ['a']), 'cache', memory);
  asked = [];
  await applyRetention(engine, built('two', ['found', 'made'], ['made']), 'cleanup', memory);
  expect(asked).toEqual(['untag two tag-two', 'remove two', 'remove made', 'remove one', 'remove a']);
  expect(await memory.find(platform, 'pi4')).toBeUndefined();
});

test('an image that did not come back loses its name and is the cache of the next build, also where it was to be kept', async () => {
  await cleanUpFailed(engine, built('one', ['a']), 'tag-one', ['a'], 'keep', memory);
  expect(asked).toEqual(['untag one tag-one']);
  expect(await memory.find(platform, 'pi4')).toMatchObject({ imageId: 'one' });
});

test('a build that stopped before it had an image leaves no name, and no layers where nothing is to stay', async () => {
  engine.untag = () => Promise.reject(new Error('image not known'));
  await cleanUpFailed(engine, undefined, 'tag', ['a', 'b'], 'cache', memory);
  expect(asked).toEqual([]);
  await cleanUpFailed(engine, undefined, 'tag', ['a', 'b'], 'cleanup', memory);
  expect(asked).toEqual(['remove b', 'remove a']);
});
