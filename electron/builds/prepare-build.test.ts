import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuildRequest } from '../../shared/build.ts';
import { testSources } from '../sources/testing/test-sources.ts';
import { prepareBuild } from './prepare-build.ts';
import { ProjectMemories } from './project-memory.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prepare-'));
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
});
afterEach(() => rm(folder, { recursive: true }));

function prepare(request: Partial<BuildRequest>) {
  return prepareBuild(
    {
      context: folder,
      reference: 'a:1',
      emulate: false,
      pins: {},
      pull: 'missing',
      retention: 'cache',
      noCache: false,
      buildArgs: {},
      labels: {},
      ...request,
    },
    {
      nodes: {
        defaultFarm: async () => undefined,
        pinsOf: async () => ({}),
        select: async () => [],
        unavailable: () => ({}),
        statuses: () => [],
        probeConnections: async () => [],
        renew: async () => undefined,
      },
      sources: testSources(folder),
      store: { find: () => Promise.reject(new Error('unused')) },
      findBuild: () => Promise.reject(new Error('unused')),
      projects: new ProjectMemories(join(folder, 'projects')),
    },
  );
}

const noStage = { problem: { code: 'context.containerfile', message: expect.stringMatching(/has no FROM\.$/) } };

test.each(['ARG A=1\n', '', '# FROM a\n', '# check=skip=all\n# syntax=a\nARG B\n', 'RUN <<FROM\nFROM a\nFROM\n'])(
  'a Containerfile without FROM is refused: %j',
  async (containerfile) => {
    await expect(prepare({ containerfile })).rejects.toMatchObject(noStage);
  },
);

test('a Containerfile of one platform without FROM is refused', async () => {
  await writeFile(join(folder, 'arm'), 'ARG A\n');
  await expect(prepare({ filesFor: { 'linux/arm64': 'arm' } })).rejects.toMatchObject(noStage);
});

test('a Containerfile in another language, or for the C preprocessor, may have no FROM', async () => {
  await prepare({ containerfile: '# syntax=example.com/front-end\npackages: []\n' });
  await writeFile(join(folder, 'Containerfile.in'), '#include "base"\n');
  await prepare({ file: join(folder, 'Containerfile.in') });
});

test('a folder of an additional context that is not there is refused with the name of the context', async () => {
  const missing = join(folder, 'gone');
  await expect(prepare({ contexts: { libs: missing } })).rejects.toMatchObject({
    problem: {
      code: 'context.missing',
      message: `The folder ${missing} of the build context libs does not exist.`,
    },
  });
});

test('an archive without a Containerfile is not called by the folder where it was unpacked', async () => {
  const archive = join(folder, 'project.tar');
  const packed = pack();
  packed.entry({ name: 'a' }, 'b');
  packed.finalize();
  await writeFile(archive, await buffer(packed));
  const message = `There is no Containerfile or Dockerfile in ${archive}.`;
  await expect(prepare({ context: archive })).rejects.toMatchObject({ problem: { message } });
  const file = { problem: { message: `There is no file x/y in ${archive}.` } };
  await expect(prepare({ context: archive, file: 'x/y' })).rejects.toMatchObject(file);
});
