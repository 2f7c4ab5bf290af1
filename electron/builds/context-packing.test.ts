import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../shared/connection.ts';
import { fail } from '../../shared/problem.ts';
import { testSources } from '../sources/testing/test-sources.ts';
import { type ContextPacking, startPacking } from './context-packing.ts';
import { type PrepareOptions, prepareBuild } from './prepare-build.ts';
import { ProjectMemories } from './project-memory.ts';

let folder: string;
let spoolFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packing-'));
  spoolFolder = join(folder, 'spool');
  await mkdir(spoolFolder);
  await mkdir(join(folder, 'project'));
  await writeFile(join(folder, 'project', 'Containerfile'), 'FROM scratch\nCOPY file /\n');
  await writeFile(join(folder, 'project', 'file'), 'content');
});
afterEach(() => rm(folder, { recursive: true }));

const connection: Connection = { name: 'pi4', uri: 'ssh://root@pi4' };

/** Prepares a build whose nodes answer when `probe` resolves. */
async function prepare(probe: (packing: ContextPacking | undefined) => Promise<void>) {
  let packing: ContextPacking | undefined;
  const nodes: PrepareOptions['nodes'] = {
    defaultFarm: async () => undefined,
    pinsOf: async () => ({}),
    select: async () => [connection],
    unavailable: () => ({}),
    statuses: () => [],
    renew: async () => undefined,
    probeConnections: async () => {
      await probe(packing);
      return [];
    },
  };
  return prepareBuild(
    {
      context: join(folder, 'project'),
      reference: 'a:1',
      emulate: false,
      pins: {},
      pull: 'missing',
      retention: 'cache',
      noCache: false,
      buildArgs: {},
      labels: {},
    },
    {
      nodes,
      sources: testSources(folder),
      store: { find: () => Promise.reject(new Error('unused')) },
      findBuild: () => Promise.reject(new Error('unused')),
      projects: new ProjectMemories(join(folder, 'projects')),
      pack: (project) => {
        packing = startPacking(project, { spoolFolder, indexFolder: join(folder, 'contexts') });
        return packing;
      },
    },
  );
}

test('the context is packed while the nodes are probed', async () => {
  const { signal } = new AbortController();
  const { packing } = await prepare(async (started) => {
    const context = await started?.open(signal, undefined);
    expect(await context?.done).toMatchObject({ files: 2 });
  });
  await packing?.close();
  expect(await readdir(spoolFolder)).toEqual([]);
});

test('nothing of the context is left if no node can be asked', async () => {
  const lost = fail('ssh.lost', 'Lost.', 'Again.');
  await expect(prepare(() => Promise.reject(lost))).rejects.toBe(lost);
  expect(await readdir(spoolFolder)).toEqual([]);
});

test('a build that is cancelled stops the packing with its reason', async () => {
  const reason = fail('build.cancelled', 'Cancelled.', 'Again.');
  const { packing } = await prepare(async () => undefined);
  const context = await packing?.open(AbortSignal.abort(reason), undefined);
  await expect(context?.done).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  await context?.close();
});
