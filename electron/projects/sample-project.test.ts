import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleNames, samples } from '../../shared/samples.ts';
import { writeSampleProject } from './sample-project.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sample-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('has a folder for each sample', async () => {
  expect((await readdir('samples')).sort()).toEqual([...sampleNames].sort());
});

describe.each(sampleNames)('the sample %s', (name) => {
  it('is written with a page that explains it', async () => {
    await writeSampleProject(name, join(folder, 'new'));
    const text = await readFile(join(folder, 'new', 'README.md'), 'utf8');
    expect(text).toMatch(new RegExp(`^# ${samples[name].title}\n`));
    expect(text).toContain(
      {
        build: `barnraiser build -t ${samples[name].reference} .`,
        bake: 'barnraiser bake',
        package: 'barnraiser pkg build',
      }[samples[name].kind],
    );
  });
});

it('leaves files alone that are there', async () => {
  await writeFile(join(folder, 'Containerfile'), 'FROM scratch\n');
  await writeSampleProject('two-stage', folder);
  expect(await readFile(join(folder, 'Containerfile'), 'utf8')).toBe('FROM scratch\n');
  expect(await readdir(join(folder, 'texts'))).toHaveLength(2);
});

describe('a sample that needs a repository', () => {
  const git = (...args: string[]): string => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });

  it('is committed, so that it has a tag by its content', async () => {
    await writeSampleProject('linuxkit', folder);
    expect(git('status', '--short')).toBe('');
    expect(git('rev-parse', 'HEAD:./')).toMatch(/^[0-9a-f]{40}\n$/);
    // a second time, it is there
    await writeSampleProject('linuxkit', folder);
    expect(git('log', '--format=%s')).toBe('sample\n');
  });

  it('makes none in a repository that is there', async () => {
    git('init', '--quiet');
    await writeSampleProject('linuxkit', join(folder, 'pkg'));
    expect(git('status', '--short', '--untracked-files=all')).toContain('?? pkg/build.yml');
  });
});
