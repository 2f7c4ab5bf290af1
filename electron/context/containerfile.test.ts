import { rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findContainerfile, findContext } from './containerfile.ts';
import { project } from './testing/project.ts';

describe('the context', () => {
  it('is found by its real path', async () => {
    const root = await project({ 'real/file': '', link: '->real' });
    expect(await findContext(join(root, 'link'))).toBe(join(root, 'real'));
  });

  it('may be relative to the working directory', async () => {
    const root = await project({});
    expect(await findContext(relative(process.cwd(), root))).toBe(root);
  });

  it.each(['gone', 'file'])('is missing where there is no folder: %s', async (name) => {
    const root = await project({ file: '' });
    await expect(findContext(join(root, name))).rejects.toMatchObject({
      problem: { code: 'context.missing', message: expect.stringContaining(join(root, name)) },
    });
  });
});

describe('the Containerfile', () => {
  it('is called Containerfile before Dockerfile', async () => {
    const root = await project({ Containerfile: 'FROM a\n', Dockerfile: 'FROM b\n' });
    expect(await findContainerfile(root)).toMatchObject({ name: 'Containerfile', outside: false });
    await rm(join(root, 'Containerfile'));
    expect(await findContainerfile(root)).toMatchObject({ name: 'Dockerfile', path: join(root, 'Dockerfile') });
  });

  it('may be in any folder of the context', async () => {
    const root = await project({ 'a/b/prod.Containerfile': 'FROM a\n' });
    const found = await findContainerfile(root, join(root, 'a/b/prod.Containerfile'));
    expect(found).toMatchObject({ name: 'a/b/prod.Containerfile', outside: false });
  });

  it('is inside the context however it was reached', async () => {
    const root = await project({ 'a/Containerfile': 'FROM a\n', short: '->a' });
    expect(await findContainerfile(root, join(root, 'short/Containerfile'))).toMatchObject({ name: 'a/Containerfile' });
  });

  it('needs what it links to', async () => {
    const root = await project({ Containerfile: '->a/real', 'a/real': 'FROM a\n' });
    expect(await findContainerfile(root)).toMatchObject({ name: 'Containerfile', alsoNeeded: ['a/real'] });
  });

  it('has a hidden name made of its content when it is elsewhere', async () => {
    const root = await project({});
    const elsewhere = await project({ one: 'FROM a\n', two: 'FROM a\n', other: 'FROM b\n' });
    const [one, two, other] = await Promise.all(
      ['one', 'two', 'other'].map((name) => findContainerfile(root, join(elsewhere, name))),
    );
    expect(one).toMatchObject({ outside: true, path: join(elsewhere, 'one') });
    expect(one?.name).toMatch(/^\.barnraiser-[0-9a-f]{16}\.Containerfile$/);
    expect(two?.name).toBe(one?.name);
    expect(other?.name).not.toBe(one?.name);
  });

  it('is elsewhere when it links to elsewhere', async () => {
    const elsewhere = await project({ real: 'FROM a\n' });
    const root = await project({});
    await symlink(join(elsewhere, 'real'), join(root, 'Containerfile'));
    expect(await findContainerfile(root)).toMatchObject({ outside: true });
  });

  it('is not confused by a folder beside the context that starts with the same name', async () => {
    const parent = await project({ 'app/x': '', 'app-build/Containerfile': 'FROM a\n', '..odd/x': '' });
    const found = await findContainerfile(join(parent, 'app'), join(parent, 'app-build/Containerfile'));
    expect(found.outside).toBe(true);
    await writeFile(join(parent, '..odd/Containerfile'), 'FROM a\n');
    expect(await findContainerfile(parent, join(parent, '..odd/Containerfile'))).toMatchObject({
      name: '..odd/Containerfile',
    });
  });

  it('is missing with the names that were looked for', async () => {
    const root = await project({ 'Containerfile/': '' });
    await expect(findContainerfile(root)).rejects.toThrow(`no Containerfile and no Dockerfile in ${root}`);
    await expect(findContainerfile(root, join(root, 'prod'))).rejects.toMatchObject({
      problem: { code: 'context.file-missing', message: expect.stringContaining(join(root, 'prod')) },
    });
  });
});
