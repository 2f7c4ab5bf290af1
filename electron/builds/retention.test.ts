import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Retention } from '../../shared/build-options.ts';
import { parsePlatform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { CacheRetention } from '../engines/engine.ts';
import { ProjectMemories, ProjectMemory } from './project-memory.ts';
import { applyRetention, type BuiltImage, cleanUpFailed, type FailedJob, replaceCache } from './retention.ts';

const platform = parsePlatform('linux/arm64') ?? expect.fail('no platform');

let folder: string;
let memory: ProjectMemory;
/** The calls of the engine, in order. */
let calls: string[];
let engine: Pick<CacheRetention, 'tag' | 'untag'>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-retention-'));
  memory = new ProjectMemory(folder, 'p', '/src/api');
  calls = [];
  engine = {
    tag: async (image, name) => void calls.push(`tag ${image} ${name}`),
    untag: async (image, name) => void calls.push(`untag ${image} ${name}`),
  };
});
afterEach(() => rm(folder, { recursive: true }));

function built(imageId: string, layers: string[], ownLayers = layers): BuiltImage {
  return { platform, node: 'pi4', tag: `tag-${imageId}`, reference: 'api:1', imageId, layers, ownLayers };
}

function failed(image: BuiltImage | undefined, tag: string, ownLayers: string[], retention: Retention): FailedJob {
  return { image, tag, platform, node: 'pi4', layers: ownLayers, ownLayers, retention };
}

/** What a job does when it has built an image, and when that was transferred. */
async function retain(image: BuiltImage, retention: Retention): Promise<string[]> {
  return [...(await replaceCache(image, memory)), ...(await applyRetention(engine, image, retention, memory))];
}

test('cache keeps the newest image untagged and does not need images that only the previous build used', async () => {
  await retain(built('one', ['a', 'b1', 'c1']), 'cache');
  expect(calls).toEqual(['untag one tag-one']);
  calls = [];
  expect(await retain(built('two', ['a', 'b2']), 'cache')).toEqual(['b1', 'c1', 'one']);
  expect(calls).toEqual(['untag two tag-two']);
  expect(await memory.find(platform, 'pi4')).toMatchObject({ imageId: 'two', layers: ['a', 'b2'] });
});

test('shortened image ids match their full ids', async () => {
  await retain(built('one', ['abc']), 'cache');
  calls = [];
  expect(await retain(built('two', ['abcdef']), 'cache')).toEqual(['one']);
});

test('tagged gives the image the reference of the build, and no later build removes it', async () => {
  await retain(built('one', ['a']), 'tagged');
  expect(calls).toEqual(['tag one api:1', 'untag one tag-one']);
  expect(await retain(built('two', ['b']), 'nothing')).not.toContain('one');
});

test('nothing removes all images that this build and the previous one made', async () => {
  await retain(built('one', ['a']), 'cache');
  calls = [];
  const unneeded = await retain(built('two', ['found', 'made'], ['made']), 'nothing');
  expect(calls).toEqual(['untag two tag-two']);
  expect(unneeded).toEqual(['a', 'one', 'made', 'two']);
  expect(await memory.find(platform, 'pi4')).toBeUndefined();
});

test('an image that was not transferred is untagged and becomes the cache of the next build, even with tagged', async () => {
  await replaceCache(built('one', ['a']), memory);
  await cleanUpFailed(engine, failed(built('one', ['a']), 'tag-one', ['a'], 'tagged'), memory);
  expect(calls).toEqual(['untag one tag-one']);
  expect(await memory.find(platform, 'pi4')).toMatchObject({ imageId: 'one' });
});

test('a build that stopped before it had an image leaves no name, and with nothing no layers', async () => {
  engine.untag = () => Promise.reject(fail('engine.refused', 'image not known', ''));
  expect(await cleanUpFailed(engine, failed(undefined, 'tag', ['a', 'b'], 'cache'), memory)).toEqual([]);
  expect(await cleanUpFailed(engine, failed(undefined, 'tag', ['a', 'b'], 'nothing'), memory)).toEqual(['a', 'b']);
});

test('an engine that does not answer is not taken for one where nothing is left', async () => {
  engine.untag = () => Promise.reject(fail('engine.unreachable', 'podman does not run', ''));
  const cleaning = cleanUpFailed(engine, failed(undefined, 'tag', ['a'], 'cache'), memory);
  await expect(cleaning).rejects.toMatchObject({ problem: { code: 'engine.unreachable' } });
});

test('what failed builds have left is not needed once a build neither finds it nor makes it again', async () => {
  const failWith = (layers: string[], ownLayers: string[]) =>
    cleanUpFailed(engine, { ...failed(undefined, 'tag', ownLayers, 'cache'), layers }, memory);
  expect(await failWith(['a', 'b'], ['a', 'b'])).toEqual([]);
  expect(await memory.unfinishedOn(platform, 'pi4')).toEqual(['a', 'b']);
  // it finds the first step in the cache, and its second is another one
  expect(await failWith(['a', 'c'], ['c'])).toEqual(['b']);
  expect(await memory.unfinishedOn(platform, 'pi4')).toEqual(['a', 'c']);
  expect(await new ProjectMemories(folder).cachedOn('pi4')).toEqual(['a', 'c']);
  expect(await retain(built('one', ['a', 'd'], ['d']), 'cache')).toEqual(['c']);
  expect(await memory.unfinishedOn(platform, 'pi4')).toEqual([]);
  expect(await failWith(['a', 'e'], ['e'])).toEqual([]);
  expect(await cleanUpFailed(engine, failed(undefined, 'tag', ['f'], 'nothing'), memory)).toEqual(['e', 'f']);
});

test('a tagged image takes the place of the cache before it', async () => {
  await retain(built('one', ['a', 'b']), 'cache');
  expect(await retain(built('two', ['a', 'c']), 'tagged')).toEqual(['b', 'one']);
});
