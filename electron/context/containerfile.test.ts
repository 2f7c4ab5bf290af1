import { rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findContainerfile, findContext } from './containerfile.ts';
import { createProject } from './testing/project.ts';

describe('the context', () => {
  it('is found by its real path', async () => {
    const root = await createProject({ 'real/file': '', link: '->real' });
    expect(await findContext(join(root, 'link'))).toBe(join(root, 'real'));
  });

  it('may be relative to the working directory', async () => {
    const root = await createProject({});
    expect(await findContext(relative(process.cwd(), root))).toBe(root);
  });

  it.each(['gone', 'file'])('is missing if it is not a folder: %s', async (name) => {
    const root = await createProject({ file: '' });
    await expect(findContext(join(root, name))).rejects.toMatchObject({
      problem: { code: 'context.missing', message: expect.stringContaining(join(root, name)) },
    });
  });
});

describe('the Containerfile', () => {
  it('is Containerfile, or else Dockerfile', async () => {
    const root = await createProject({ Containerfile: 'FROM a\n', Dockerfile: 'FROM b\n' });
    expect(await findContainerfile(root)).toMatchObject({ name: 'Containerfile', isOutside: false });
    await rm(join(root, 'Containerfile'));
    expect(await findContainerfile(root)).toMatchObject({ name: 'Dockerfile', path: join(root, 'Dockerfile') });
  });

  it('may be in any folder of the context', async () => {
    const root = await createProject({ 'a/b/prod.Containerfile': 'FROM a\n' });
    const found = await findContainerfile(root, join(root, 'a/b/prod.Containerfile'));
    expect(found).toMatchObject({ name: 'a/b/prod.Containerfile', isOutside: false });
  });

  it('is inside the context even if the path contains a symlink', async () => {
    const root = await createProject({ 'a/Containerfile': 'FROM a\n', short: '->a' });
    expect(await findContainerfile(root, join(root, 'short/Containerfile'))).toMatchObject({ name: 'a/Containerfile' });
  });

  it('has the path that it links to', async () => {
    const root = await createProject({ Containerfile: '->a/real', 'a/real': 'FROM a\n' });
    expect(await findContainerfile(root)).toMatchObject({ name: 'Containerfile', linkTargets: ['a/real'] });
  });

  it('has a hidden name made from its content if it is outside the context', async () => {
    const root = await createProject({});
    const elsewhere = await createProject({ one: 'FROM a\n', two: 'FROM a\n', other: 'FROM b\n' });
    const [one, two, other] = await Promise.all(
      ['one', 'two', 'other'].map((name) => findContainerfile(root, join(elsewhere, name))),
    );
    expect(one).toMatchObject({ isOutside: true, path: join(elsewhere, 'one') });
    expect(one?.name).toMatch(/^\.barnraiser-[0-9a-f]{16}\.Containerfile$/);
    expect(two?.name).toBe(one?.name);
    expect(other?.name).not.toBe(one?.name);
  });

  it('is outside the context if it is a link to a file outside', async () => {
    const elsewhere = await createProject({ real: 'FROM a\n' });
    const root = await createProject({});
    await symlink(join(elsewhere, 'real'), join(root, 'Containerfile'));
    expect(await findContainerfile(root)).toMatchObject({ isOutside: true });
  });

  it('is outside the context even if its folder starts with the same name', async () => {
    const parent = await createProject({ 'app/x': '', 'app-build/Containerfile': 'FROM a\n', '..odd/x': '' });
    const found = await findContainerfile(join(parent, 'app'), join(parent, 'app-build/Containerfile'));
    expect(found.isOutside).toBe(true);
    await writeFile(join(parent, '..odd/Containerfile'), 'FROM a\n');
    expect(await findContainerfile(parent, join(parent, '..odd/Containerfile'))).toMatchObject({
      name: '..odd/Containerfile',
    });
  });

  it('is reported as missing with the path that was searched', async () => {
    const root = await createProject({ 'Containerfile/': '' });
    await expect(findContainerfile(root)).rejects.toThrow(`no Containerfile or Dockerfile in ${root}`);
    await expect(findContainerfile(root, join(root, 'prod'))).rejects.toMatchObject({
      problem: { code: 'context.file-missing', message: expect.stringContaining(join(root, 'prod')) },
    });
  });
});
