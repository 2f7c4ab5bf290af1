import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { parsePlatform } from '../../shared/platform.ts';
import { runInProcess } from '../system/testing/run-in-process.ts';
import { ProjectMemories, ProjectMemory, projectId } from './project-memory.ts';

const amd64 = parsePlatform('amd64') ?? expect.fail('no platform');
const arm64 = parsePlatform('arm64') ?? expect.fail('no platform');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-project-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a project is identified by its folder, Containerfile and target', () => {
  const project = { context: '/src/api', containerfile: '/src/api/Containerfile' };
  expect(projectId(project)).toBe(projectId({ ...project, target: undefined }));
  const others = [
    { ...project, target: 'test' },
    { ...project, containerfile: '/src/x' },
    { ...project, context: '/' },
  ];
  expect(new Set([project, ...others].map(projectId)).size).toBe(4);
});

test('cached images of jobs that end at the same time are all remembered', async () => {
  const memory = new ProjectMemory(folder, 'p', '/src/api');
  await Promise.all([
    memory.replace(amd64, 'a', { platform: amd64, node: 'a', imageId: '1', layers: ['x'] }),
    memory.replace(arm64, 'b', { platform: arm64, node: 'b', imageId: '2', layers: [] }),
  ]);
  expect(await memory.find(amd64, 'a')).toEqual({ platform: amd64, node: 'a', imageId: '1', layers: ['x'] });
  expect(await memory.lastBuiltOn()).toEqual({ [amd64]: 'a', [arm64]: 'b' });
});

test('the memory of an older version has no results, and keeps what it has', async () => {
  const memory = new ProjectMemory(folder, 'p', '/src/api');
  const cachedImages = [{ platform: amd64, node: 'a', imageId: '1', layers: ['x'] }];
  await writeFile(join(folder, 'p.json'), JSON.stringify({ version: 2, context: '/src/api', cachedImages }));
  expect(await memory.findResult(amd64, 'a')).toBeUndefined();
  const digest = `sha256:${'a'.repeat(64)}` as const;
  const image = { digest, mediaType: 'x', attachments: [] };
  const made = { buildId: 'b', options: 'o', context: 'c', bases: {}, contexts: {}, items: ['1'], imageId: '1', image };
  await memory.replaceResult(amd64, 'a', { platform: amd64, node: 'a', ...made });
  expect(await memory.findResult(amd64, 'a')).toMatchObject(made);
  expect(await memory.findResult(arm64, 'a')).toBeUndefined();
  expect(await memory.list()).toEqual(cachedImages);
});

test('the times of jobs are remembered, newest first, the last ones of each platform on a node', async () => {
  const memory = new ProjectMemory(folder, 'p', '/src/api');
  await writeFile(join(folder, 'p.json'), JSON.stringify({ version: 2, context: '/src/api', cachedImages: [] }));
  expect(await memory.times()).toEqual([]);
  await memory.addTime({ platform: amd64, node: 'a', mode: 'native', ms: 1 });
  await memory.addTime({ platform: arm64, node: 'a', mode: 'emulated', ms: 2 });
  await memory.addTime({ platform: amd64, node: 'a', mode: 'native', ms: 3 });
  await memory.replace(amd64, 'a', undefined);
  expect(await memory.times()).toEqual([
    { platform: amd64, node: 'a', mode: 'native', ms: 3 },
    { platform: arm64, node: 'a', mode: 'emulated', ms: 2 },
    { platform: amd64, node: 'a', mode: 'native', ms: 1 },
  ]);
  for (let ms = 10; ms < 30; ms += 1) {
    await memory.addTime({ platform: amd64, node: 'a', mode: 'native', ms, steps: 4, cachedSteps: 1 });
  }
  const times = await memory.times();
  expect(times.filter(({ platform }) => platform === amd64).map(({ ms }) => ms)).toEqual([
    29, 28, 27, 26, 25, 24, 23, 22,
  ]);
  expect(times.at(-1)).toEqual({ platform: arm64, node: 'a', mode: 'emulated', ms: 2 });
});

test('a platform was last built on the node that was recorded last', async () => {
  const memory = new ProjectMemory(folder, 'p', '/src/api');
  await memory.replace(amd64, 'a', { platform: amd64, node: 'a', imageId: '1', layers: [] });
  await memory.replace(amd64, 'b', { platform: amd64, node: 'b', imageId: '2', layers: [] });
  expect(await memory.lastBuiltOn()).toEqual({ [amd64]: 'b' });
  await memory.replace(amd64, 'b', undefined);
  expect(await memory.lastBuiltOn()).toEqual({ [amd64]: 'a' });
});

test('an unreadable memory is empty and is replaced', async () => {
  await writeFile(join(folder, 'p.json'), '{"version":');
  const memory = new ProjectMemory(folder, 'p', '/src/api');
  expect(await memory.lastBuiltOn()).toEqual({});
  await memory.replace(amd64, 'a', { platform: amd64, node: 'a', imageId: '1', layers: [] });
  expect(await memory.lastBuiltOn()).toEqual({ [amd64]: 'a' });
});

test('a memory of version 1 is read', async () => {
  const cached = { platform: amd64, node: 'a', imageId: '1', layers: ['x'] };
  const oldName = 'remains';
  await writeFile(join(folder, 'p.json'), JSON.stringify({ version: 1, context: '/src/api', [oldName]: [cached] }));
  expect(await new ProjectMemory(folder, 'p', '/src/api').list()).toEqual([cached]);
});

test('builds of the same project share its memory, however they name its Containerfile', () => {
  const memories = new ProjectMemories(folder);
  const project = { context: '/src/api', containerfile: '/src/api/Containerfile' };
  const memory = memories.of(project);
  expect(memories.of(project, 'Containerfile')).toBe(memory);
  expect(memories.of({ ...project, context: '/src/web' })).not.toBe(memory);
  expect(memory.id).toBe(projectId(project));
});

test.each([undefined, './Containerfile'])('a memory of an older version is read, whose file was %s', async (file) => {
  const cached = { platform: amd64, node: 'a', imageId: '1', layers: ['x'] };
  const project = { context: '/src/api', containerfile: '/src/api/Containerfile' };
  const oldId = projectId({ ...project, containerfile: file ?? '' });
  await writeFile(join(folder, `${oldId}.json`), JSON.stringify({ version: 2, context: '/', cachedImages: [cached] }));
  const memory = new ProjectMemories(folder).of(project, file);
  expect(await memory.list()).toEqual([cached]);
  await memory.replace(arm64, 'b', { platform: arm64, node: 'b', imageId: '2', layers: [] });
  expect(await memory.lastBuiltOn()).toEqual({ [amd64]: 'a', [arm64]: 'b' });
});

test('jobs of several processes that end at the same time are all remembered', async () => {
  const node = (name: string) => `
    import { ProjectMemory } from ${JSON.stringify(new URL('./project-memory.ts', import.meta.url).href)};
    const memory = new ProjectMemory(${JSON.stringify(folder)}, 'p', '/src/api');
    for (let n = 0; n < 10; n += 1) {
      const node = '${name}' + n;
      await memory.replace('linux/amd64', node, { platform: 'linux/amd64', node, imageId: '1', layers: [] });
    }
  `;
  const programs = ['a', 'b'].map((name) => runInProcess(node(name)));
  for (const { child } of programs) {
    onTestFinished(() => void child.kill('SIGKILL'));
  }
  await Promise.all(programs.map(({ exit }) => exit));
  expect(await new ProjectMemory(folder, 'p', '/src/api').list()).toHaveLength(20);
});
