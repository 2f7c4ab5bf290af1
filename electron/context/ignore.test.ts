import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findContainerfile } from './containerfile.ts';
import { loadIgnoreRules } from './ignore.ts';
import { createProject, temporaryFolder } from './testing/project.ts';

async function rulesIn(files: Readonly<Record<string, string>>, file?: string) {
  const root = await createProject({ Containerfile: 'FROM scratch\n', ...files });
  return await loadIgnoreRules(root, await findContainerfile(root, { file: file && join(root, file) }));
}

const rules = (text: string) => rulesIn({ '.dockerignore': text });

describe('the rules of an ignore file', () => {
  it('ignore nothing if there is no file', async () => {
    const { file, ignores } = await rulesIn({});
    expect(file).toBeUndefined();
    expect(ignores('anything/at/all')).toBe(false);
  });

  it('apply to everything below a matched folder', async () => {
    const { ignores } = await rules('a/b\n');
    expect(ignores('a/b/c/d')).toBe(true);
    expect(ignores('a/bc')).toBe(false);
  });

  it('are decided by the last match', async () => {
    const { ignores } = await rules('*.c\n!a*\na2.c\n');
    expect(['a1.c', 'a2.c', 'b.c'].filter(ignores)).toEqual(['a2.c', 'b.c']);
  });

  it('include everything below a folder with a ! rule', async () => {
    const { ignores } = await rules('*\n!src\n');
    expect(ignores('src/deep/file')).toBe(false);
    expect(ignores('other/file')).toBe(true);
  });

  it('have no byte order mark, comments, surrounding blanks or leading slash', async () => {
    const { ignores } = await rules('\uFEFFone\r\n# two\r\n\t/three \r\n #four\n! /one/kept\n');
    expect(['one', 'two', '# two', 'three', '#four', 'one/kept'].filter(ignores)).toEqual(['one', 'three', '#four']);
  });

  it('never ignore the Containerfile and the ignore file', async () => {
    const { ignores } = await rules('*\n');
    expect(['.dockerignore', 'Containerfile', 'Dockerfile'].filter(ignores)).toEqual(['Dockerfile']);
  });

  it('enter an ignored folder only for a later ! rule that may match below it', async () => {
    const { mayReincludeBelow } = await rules(
      '!early/**\nearly\nnode_modules\nlate\nany\n!late/*/kept\n!node_modules.txt\n!x/**\n',
    );
    expect(mayReincludeBelow('early')).toBe(false);
    expect(mayReincludeBelow('node_modules')).toBe(false);
    expect(mayReincludeBelow('late')).toBe(true);
    expect(mayReincludeBelow('late/one')).toBe(true);
    expect(mayReincludeBelow('late/one/two')).toBe(false);
  });

  it.each([
    ['docs\n\n[x\n', 3, '[x'],
    ['!\n', 1, '!'],
    ['# fine\na\\\n', 2, 'a\\'],
  ])('are refused with the number of the invalid line: %j', async (text, line, pattern) => {
    await expect(rules(text)).rejects.toMatchObject({
      problem: { code: 'context.ignore-file', message: expect.stringMatching(/\.dockerignore is not a valid pattern/) },
    });
    await expect(rules(text)).rejects.toThrow(`Line ${line} of`);
    await expect(rules(text)).rejects.toThrow(`: ${pattern}`);
  });

  it('are given to the engine as podman splits them, and are never empty', async () => {
    expect((await rules('# no\n/docs/\n\n!a b\n')).patterns).toEqual(['docs', '!a b']);
    expect((await rules('# only a comment\n')).patterns).toEqual(['.']);
    expect((await rulesIn({})).patterns).toEqual(['.']);
  });
});

describe('the ignore file', () => {
  const all = {
    'Containerfile.dockerignore': '1\n',
    'Containerfile.containerignore': '2\n',
    '.containerignore': '3\n',
    '.dockerignore': '4\n',
  };

  it('is the first that exists, in the order of buildah', async () => {
    const remaining = Object.entries(all);
    for (const [name, text] of Object.entries(all)) {
      const found = await rulesIn(Object.fromEntries(remaining));
      expect(found.file).toMatch(new RegExp(`/${name}$`));
      expect(found.ignores(text.trim())).toBe(true);
      remaining.shift();
    }
  });

  it('is the one beside the Containerfile, not the one with the same name at the root', async () => {
    const found = await rulesIn(
      { 'build/Containerfile': 'FROM scratch\n', 'build/Containerfile.dockerignore': 'near\n', ...all },
      'build/Containerfile',
    );
    expect(found.ignores('near')).toBe(true);
    expect(found.ignores('1')).toBe(false);
  });

  it('may be beside a Containerfile outside the context', async () => {
    const root = await createProject(all);
    const elsewhere = await createProject({ File: 'FROM scratch\n', 'File.dockerignore': 'far\n' });
    const found = await loadIgnoreRules(root, await findContainerfile(root, { file: join(elsewhere, 'File') }));
    expect(found.file).toBe(join(elsewhere, 'File.dockerignore'));
    expect(found.ignores('far')).toBe(true);
  });

  it('may be a link, also to a file outside the context', async () => {
    const elsewhere = await createProject({ patterns: 'far\n' });
    const found = await rulesIn({ '.dockerignore': `->${elsewhere}/patterns` });
    expect(found.ignores('far')).toBe(true);
  });

  it('must be a file of limited size', async () => {
    await expect(rulesIn({ '.dockerignore': '->/dev/zero' })).rejects.toThrow('is a pipe, a socket or a device');
    await expect(rulesIn({ '.dockerignore': 'a\n'.repeat(600_000) })).rejects.toThrow('is larger than 256 KiB');
    await expect(rulesIn({ '.dockerignore/': '' })).rejects.toMatchObject({ problem: { code: 'context.ignore-file' } });
  });
});

it('the folder of the Containerfile may be missing', async () => {
  const root = await temporaryFolder();
  const missing = {
    path: join(root, 'gone/Containerfile'),
    name: 'gone/Containerfile',
    isOutside: false,
    content: Buffer.from('FROM scratch'),
  };
  expect((await loadIgnoreRules(root, missing)).file).toBeUndefined();
});
