import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeWork } from './node-work.ts';
import { RunningBuilds } from './running-builds.ts';
import { arm64 } from './testing/sample-build.ts';

let folder: string;
/** The builds whose process is running. */
let running: Set<string>;
/** What is removed on the nodes, in order. */
let removed: string[];
let cached: string[];
const engine = {
  remove: async (image: string) => removed.push(image) > 0,
  removeLeftovers: async ({ id, tag }: { id: string; tag: string }) => void removed.push(`${id.split('.')[0]} ${tag}`),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-work-'));
  running = new Set(['a', 'b', 'c']);
  removed = [];
  cached = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** What a process of the data folder does. */
function openProcess(): NodeWork {
  return new NodeWork(folder, { isRunning: async (id) => running.has(id) }, async () => cached);
}

const job = (buildId: string, node = 'pi4') => ({ buildId, platform: arm64, node, tag: `tag-${buildId}` });

test('images that are not needed are removed at the end of a job, newest first', async () => {
  const work = openProcess();
  await work.end(await work.begin(job('a')), engine, ['one', 'two']);
  expect(removed).toEqual(['two', 'one']);
  expect((await readdir(folder)).filter((name) => name.endsWith('.json'))).toEqual([]);
});

test.each(['this process', 'another process'])(
  'while another job of %s runs on the node, nothing is removed that it may use; the last one removes it',
  async (whose) => {
    const work = openProcess();
    const other = whose === 'this process' ? work : openProcess();
    const first = await work.begin(job('a'));
    const second = await other.begin(job('b'));
    await work.end(first, engine, ['one']);
    expect(removed).toEqual([]);
    await other.end(second, engine, ['two']);
    expect(removed).toEqual(['two', 'one']);
  },
);

test('what has become the cache of a project meanwhile stays', async () => {
  const work = openProcess();
  const [first, second] = [await work.begin(job('a')), await work.begin(job('b'))];
  await work.end(first, engine, ['abcdef', 'two']);
  cached = ['abc', 'other'];
  await work.end(second, engine, []);
  expect(removed).toEqual(['two']);
});

test('jobs on other nodes do not matter', async () => {
  const work = openProcess();
  await work.begin(job('b', 'other'));
  await work.end(await work.begin(job('a')), engine, ['one']);
  expect(removed).toEqual(['one']);
});

test('what a killed process left on a node is cleaned up once, and what living ones use is not', async () => {
  const killed = openProcess();
  await killed.begin(job('a'));
  await killed.begin(job('a', 'other'));
  const living = openProcess();
  await living.begin(job('b'));
  running.delete('a');
  const next = openProcess();
  await next.cleanUp('pi4', engine);
  expect(removed).toEqual(['a tag-a']);
  await next.cleanUp('pi4', engine);
  expect(removed).toEqual(['a tag-a']);
  // a killed job keeps no image from being removed
  await next.end(await next.begin(job('c', 'other')), engine, ['one']);
  expect(removed).toEqual(['a tag-a', 'one']);
});

test('the next build tries again if the cleanup fails', async () => {
  await openProcess().begin(job('a'));
  running.delete('a');
  const next = openProcess();
  await next.cleanUp('pi4', { ...engine, removeLeftovers: () => Promise.reject(new Error('the node is busy')) });
  await next.cleanUp('pi4', engine);
  expect(removed).toEqual(['a tag-a']);
});

test('the record of a killed process goes, too, where the engine keeps nothing', async () => {
  await openProcess().begin(job('a'));
  running.delete('a');
  const next = openProcess();
  await next.cleanUp('pi4', undefined);
  expect(await next.left('pi4')).toEqual([]);
});

test('two that clean up the same node at once both wait for the end', async () => {
  await openProcess().begin(job('a'));
  running.delete('a');
  const next = openProcess();
  let finish = (): void => undefined;
  const removing = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let removals = 0;
  const slow = {
    ...engine,
    removeLeftovers: () => {
      removals += 1;
      return removing;
    },
  };
  let done = 0;
  const cleanings = [1, 2].map(async () => {
    await next.cleanUp('pi4', slow);
    done += 1;
  });
  await expect.poll(() => removals).toBe(1);
  expect(await next.left('pi4')).toHaveLength(1);
  expect(done).toBe(0);
  finish();
  await Promise.all(cleanings);
  expect(removals).toBe(1);
});

test('what a job left on a node that it lost is cleaned up by the next job there, even of the same build', async () => {
  const work = openProcess();
  const lost = await work.begin(job('a'));
  expect(await work.hasLeftovers('pi4')).toBe(false);
  work.leave(lost);
  await work.begin(job('a'));
  expect([await work.hasLeftovers('pi4'), await work.hasLeftovers('pi5')]).toEqual([true, false]);
  await work.cleanUp('pi4', engine);
  expect(removed).toEqual(['a tag-a']);
  expect(await work.hasLeftovers('pi4')).toBe(false);
});

test('what was left long ago is forgotten', async () => {
  await openProcess().begin(job('a'));
  running.delete('a');
  const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.job.json'));
  const longAgo = new Date(Date.now() - 40 * 24 * 60 * 60 * 1000);
  await utimes(join(folder, name), longAgo, longAgo);
  await openProcess().cleanUp('pi4', engine);
  expect(removed).toEqual([]);
  expect((await readdir(folder)).filter((each) => each.endsWith('.job.json'))).toEqual([]);
});

test('the process of a build that was really killed is recognised', async () => {
  const runningFolder = join(folder, 'running');
  const program = `
    import { NodeWork } from ${JSON.stringify(join(import.meta.dirname, 'node-work.ts'))};
    import { RunningBuilds } from ${JSON.stringify(join(import.meta.dirname, 'running-builds.ts'))};
    const running = new RunningBuilds(${JSON.stringify(runningFolder)});
    await running.hold('killed', () => undefined);
    await new NodeWork(${JSON.stringify(folder)}, running, async () => []).begin(${JSON.stringify(job('killed'))});
    process.kill(process.pid, 'SIGKILL');`;
  spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
  const next = new NodeWork(folder, new RunningBuilds(runningFolder), async () => []);
  await next.cleanUp('pi4', engine);
  expect(removed).toEqual(['killed tag-killed']);
});

test('what only the build before needed is removed while a job goes on, unless another job may use it', async () => {
  const work = openProcess();
  const first = await work.begin(job('a'));
  await work.removeDuring(first, engine, ['one']);
  expect(removed).toEqual(['one']);
  const second = await work.begin(job('b'));
  await work.removeDuring(first, engine, ['two']);
  await work.end(second, engine, []);
  expect(removed).toEqual(['one']);
  await work.end(first, engine, []);
  expect(removed).toEqual(['one', 'two']);
});

test('what a node did not remove is left to the next job there', async () => {
  const work = openProcess();
  const lost = { ...engine, remove: () => Promise.reject(new Error('The connection was lost.')) };
  const first = await work.begin(job('a'));
  await work.removeDuring(first, lost, ['one']);
  await expect(work.end(first, lost, ['two'])).rejects.toThrow('lost');
  await work.end(await work.begin(job('b')), engine, ['two', 'three']);
  expect(removed).toEqual(['three', 'two', 'one']);
});

test('an image that is given by its id and by prefixes of it is removed once', async () => {
  const work = openProcess();
  await work.end(await work.begin(job('a')), engine, ['abc', 'other', 'abcdef', 'abc']);
  expect(removed).toEqual(['abc', 'other']);
});
