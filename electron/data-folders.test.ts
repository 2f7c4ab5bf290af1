/** Data folders of earlier versions are opened: nothing is lost, and what is newer is left alone. */
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { type DataFormatName, dataFormats } from '../shared/data-formats.ts';
import { createApp } from './app.ts';
import { ProjectMemories, projectId } from './builds/project-memory.ts';
import { readVersioned } from './settings/versioned-file.ts';
import { version } from './system/version.ts';
import { dataSchema } from './testing/data-schemas.ts';

const kept = join(import.meta.dirname, 'testing', 'data-folders');
const folders = await readdir(kept);

let home: string;
beforeEach(async () => {
  home = join(await mkdtemp(join(tmpdir(), 'barnraiser-data-')), 'home');
});
afterEach(() => rm(join(home, '..'), { recursive: true, force: true }));

async function copyKept(name: string): Promise<void> {
  await cp(join(kept, name), home, { recursive: true });
  // git keeps no modes of folders
  await chmod(home, 0o700);
}

/** Opens a copy of a data folder, makes calls, and closes it. */
async function withApp<T>(
  name: string,
  work: (call: <N extends CallName>(name: N, input: CallInput<N>) => Promise<CallOutput<N>>) => Promise<T>,
): Promise<T> {
  await copyKept(name);
  const app = await createApp({ frontEnd: 'terminal', home });
  try {
    return await work(async (call, input) => {
      const answer = await app.call(call, input);
      if (!answer.ok) {
        throw new Error(`${answer.problem.code}: ${answer.problem.message}`);
      }
      return answer.value;
    });
  } finally {
    await app.close();
  }
}

/** The files of a format in a data folder. */
async function filesOf(folder: string, name: DataFormatName): Promise<string[]> {
  const { path } = dataFormats[name];
  const pattern = new RegExp(`^${path.replaceAll('.', '\\.').replace(/[A-Z]+/, '[\\w-]+')}$`);
  const files = await readdir(folder, { recursive: true });
  return files.map((file) => file.replaceAll('\\', '/')).filter((file) => pattern.test(file));
}

const names = Object.keys(dataFormats).filter((name): name is DataFormatName => name in dataFormats);

describe.each(folders)('the data folder of %s', (folder) => {
  test('has farms, connections, builds with their steps and logs, and images', async () => {
    await withApp(folder, async (call) => {
      expect((await call('connections.list', {})).map(({ name }) => name)).toEqual(['pi4', 'big']);
      expect(await call('farms.list', {})).toMatchObject({
        farms: [
          { name: 'home', connections: ['pi4', 'big'] },
          { name: 'spare', connections: ['big'] },
        ],
        default: 'home',
      });
      const { entries } = await call('builds.list', {});
      const done = entries.find(({ reference }) => reference === 'team/api:1.4');
      expect(done).toMatchObject({ status: 'done', jobs: [{ platform: 'linux/amd64', status: 'done' }] });
      expect(entries.filter(({ status }) => status === 'unreadable')).toEqual([]);
      const build = await call('builds.get', { id: done?.id ?? '' });
      expect(build.request).toMatchObject({ reference: 'team/api:1.4', platforms: ['linux/amd64'] });
      expect(build.jobs[0]?.steps.map(({ id }) => id)).toContain('0:1');
      const log = await call('builds.log', { id: build.id, platform: 'linux/amd64', from: 0, count: 100 });
      expect(log.lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')).toContain(
        'COPY',
      );
      const images = await call('images.list', {});
      expect(images.map(({ reference }) => reference)).toContain('team/api:1.4');
      const inspected = await call('images.inspect', { reference: 'team/api:1.4' });
      expect(inspected.images.map(({ platform }) => platform)).toEqual(['linux/amd64']);
    });
  });

  test('has files of all formats that can be read', async () => {
    for (const name of names.filter((each) => !dataFormats[each].path.endsWith('.gz'))) {
      for (const file of await filesOf(join(kept, folder), name)) {
        const text = await readFile(join(kept, folder, file), 'utf8');
        expect(readVersioned(text, dataSchema(name)), file).toMatchObject({ kind: 'valid' });
      }
    }
  });
});

test('failed builds of old versions keep what failed', async () => {
  for (const folder of ['record-1', 'record-2', '0.1.0']) {
    await rm(home, { recursive: true, force: true });
    await withApp(folder, async (call) => {
      const { entries } = await call('builds.list', {});
      const failed = entries.find(({ reference }) => reference === 'team/broken:1');
      const { jobs } = await call('builds.get', { id: failed?.id ?? '' });
      expect(jobs[0]?.problem?.code, folder).toMatch(/^build\./);
      expect(jobs[0]?.steps.find(({ error }) => error !== undefined)?.name, folder).toMatch(/COPY|RUN/);
    });
  }
});

test('what is remembered of a project is read from version 1, and kept when it is first written', async () => {
  await copyKept(join('record-1', 'projects'));
  const [file = ''] = await readdir(home);
  const { context } = z.object({ context: z.string() }).parse(JSON.parse(await readFile(join(home, file), 'utf8')));
  const containerfile = join(context, 'Containerfile');
  const id = projectId({ context, containerfile });
  const old = await readFile(join(home, file), 'utf8');
  await writeFile(join(home, `${id}.json`), old);
  const memory = new ProjectMemories(home).of({ context, containerfile });
  expect((await memory.list()).map(({ node, platform }) => `${node} ${platform}`)).toEqual([
    expect.stringMatching(/^(big|pi4) linux\/amd64$/),
  ]);
  await memory.setSpace({ contextBytes: 1, imageBytes: 2 });
  expect(await memory.list()).toHaveLength(1);
  expect(await readFile(join(home, `${id}.json.version-1`), 'utf8')).toBe(old);
});

test('this version has a file of every format that people would miss', async () => {
  const missing: string[] = [];
  for (const name of names.filter((each) => dataFormats[each].kind !== 'cache')) {
    if ((await filesOf(join(kept, version), name)).length === 0) {
      missing.push(name);
    }
  }
  expect(missing).toEqual([]);
});

test.each(names.filter((name) => dataFormats[name].kind !== 'cache'))(
  'a newer file of %s is refused or passed over, and left untouched',
  async (name) => {
    await copyKept(version);
    const files = await filesOf(home, name);
    const newer = new Map<string, string>();
    for (const file of files) {
      const content: object = JSON.parse(await readFile(join(home, file), 'utf8'));
      const text = JSON.stringify({
        ...content,
        version: dataFormats[name].version + 1,
        more: 'of a newer Barnraiser',
      });
      newer.set(file, text);
      await writeFile(join(home, file), text);
    }
    const app = await createApp({ frontEnd: 'terminal', home });
    const reads = {
      settings: () => app.call('settings.update', { theme: 'light' }),
      connections: () => app.call('connections.add', { name: 'third', uri: 'ssh://third.local' }),
      farms: () => app.call('farms.create', { name: 'third', connections: ['pi4'] }),
      registries: () => app.call('registries.set', { name: 'r.example.com', tls: 'verify' }),
      timers: () => app.call('timers.list', {}),
      nodeHolds: () => app.call('nodes.resume', { name: 'pi4' }),
      queue: () => app.call('queue.resume', {}),
      pushes: () => app.call('pushes.history', {}),
      builds: async () => {
        const id = /builds\/([^/]+)\//.exec(files[0] ?? '')?.[1] ?? '';
        return app.call('builds.get', { id });
      },
      bakes: () => app.call('bakes.get', { id: /bakes\/(.+)\.json/.exec(files[0] ?? '')?.[1] ?? '' }),
    } satisfies Partial<Record<DataFormatName, () => Promise<{ ok: boolean }>>>;
    try {
      const read = name in reads ? reads[name as keyof typeof reads] : undefined;
      const answer = await read?.();
      if (answer && !answer.ok) {
        expect(answer.problem.code).toMatch(/\.newer$|^bake\.unknown$/);
        expect(answer.problem.fix).toContain('Update Barnraiser');
      } else {
        expect(read, `${name} must be refused`).toBe(undefined);
      }
    } finally {
      await app.close();
    }
    for (const [file, text] of newer) {
      expect(await readFile(join(home, file), 'utf8'), file).toBe(text);
    }
  },
);
