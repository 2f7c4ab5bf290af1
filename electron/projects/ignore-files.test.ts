import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProject } from '../context/testing/project.ts';
import { ignoreFiles } from './ignore-files.ts';
import { inspect } from './testing/inspect.ts';

const base = { Containerfile: 'FROM a\n' };

async function change(context: string, patterns: string[], undo = false, file?: string): Promise<string> {
  const { path } = await ignoreFiles({ context, patterns, undo, ...(file === undefined ? {} : { file }) });
  return path;
}

describe('patterns', () => {
  it('are added to a new .containerignore, which is removed again', async () => {
    const context = await createProject(base);
    expect(await change(context, ['.env', '.git'])).toBe(join(context, '.containerignore'));
    expect(await readFile(join(context, '.containerignore'), 'utf8')).toBe('.env\n.git\n');
    await change(context, ['.env', '.git'], true);
    await expect(stat(join(context, '.containerignore'))).rejects.toThrow('ENOENT');
  });

  it.each([
    ['a\n', 'a\n.env\n'],
    ['a', 'a\n.env\n'],
    ['a\r\n\r\nb', 'a\r\n\r\nb\r\n.env\r\n'],
    ['\uFEFFa\n\n', '\uFEFFa\n\n.env\n'],
    ['.env\n', '.env\n'],
  ])('are added to %j with its line ends', async (before, after) => {
    const context = await createProject({ ...base, '.dockerignore': before });
    expect(await change(context, ['.env'])).toBe(join(context, '.dockerignore'));
    expect(await readFile(join(context, '.dockerignore'), 'utf8')).toBe(after);
  });

  it('are removed without changing other lines, whatever their encoding', async () => {
    const context = await createProject({ ...base, '.dockerignore': Buffer.from([0xff, 0x0a, 0x61, 0x0d, 0x0a]) });
    await change(context, ['ü', 'b']);
    await change(context, ['ü', 'b'], true);
    expect(await readFile(join(context, '.dockerignore'))).toEqual(Buffer.from([0xff, 0x0a, 0x61, 0x0d, 0x0a]));
  });

  it('are added to the ignore file of the Containerfile that is built', async () => {
    const context = await createProject({
      ...base,
      'b/File': 'FROM a\n',
      'b/File.dockerignore': 'x\n',
      '.dockerignore': '',
    });
    expect(await change(context, ['y'], false, join(context, 'b/File'))).toBe(join(context, 'b/File.dockerignore'));
  });

  it('are not added to a file outside the project that a link leads to', async () => {
    const elsewhere = await createProject({ profile: 'x\n' });
    const context = await createProject({ ...base, '.dockerignore': `->${elsewhere}/profile` });
    await expect(change(context, ['.env'])).rejects.toThrow('is not in the project');
    expect(await readFile(join(elsewhere, 'profile'), 'utf8')).toBe('x\n');
  });

  it('of warnings leave out what the warnings are about', async () => {
    const names = [
      '.env',
      'a*b.key',
      '#c.pem',
      '!d.pem',
      ' e.key',
      'f[1].key',
      'g?\\.key',
      'h\n.key',
      'ü.pem',
      'n/node_modules/x',
    ];
    const context = await createProject({ ...base, ...Object.fromEntries(names.map((name) => [name, 'x'])) });
    await writeFile(join(context, '.containerignore'), 'other\r\n');
    const { warnings } = await inspect({ context });
    expect(warnings).toHaveLength(names.length);
    const patterns = warnings.flatMap(({ actions = [] }) =>
      actions.flatMap((action) => (action.id === 'ignore-files' ? action.patterns : [])),
    );
    await change(context, patterns);
    expect((await inspect({ context })).warnings).toEqual([]);
    await change(context, patterns, true);
    expect(await readFile(join(context, '.containerignore'), 'utf8')).toBe('other\r\n');
  });
});
