import { execFile } from 'node:child_process';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findContainerfile, findContext, standardInput } from './containerfile.ts';
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
    const found = await findContainerfile(root, { file: join(root, 'a/b/prod.Containerfile') });
    expect(found).toMatchObject({ name: 'a/b/prod.Containerfile', isOutside: false });
  });

  it('is inside the context even if the path contains a symlink', async () => {
    const root = await createProject({ 'a/Containerfile': 'FROM a\n', short: '->a' });
    expect(await findContainerfile(root, { file: join(root, 'short/Containerfile') })).toMatchObject({
      name: 'a/Containerfile',
    });
  });

  it('has the content of what it links to, wherever that is', async () => {
    const elsewhere = await createProject({ real: 'FROM a\n', 'folder/real': 'FROM b\n' });
    const root = await createProject({
      Containerfile: '->one',
      one: '->folder/two',
      'other/two': '->../three',
      folder: '->other',
      back: `->${elsewhere}/folder`,
    });
    await symlink(join(elsewhere, 'real'), join(root, 'three'));
    await symlink(relative(root, elsewhere), join(root, 'out'));
    await symlink('out/real', join(root, 'Dockerfile'));
    expect(await findContainerfile(root)).toMatchObject({
      name: 'Containerfile',
      isOutside: false,
      content: Buffer.from('FROM a\n'),
    });
    expect(await findContainerfile(root, { file: join(root, 'Dockerfile') })).toMatchObject({
      name: 'Dockerfile',
      content: Buffer.from('FROM a\n'),
    });
    expect(await findContainerfile(root, { file: join(root, 'back/real') })).toMatchObject({
      isOutside: true,
      content: Buffer.from('FROM b\n'),
    });
  });

  it('keeps the suffix for which podman runs the C preprocessor', async () => {
    const elsewhere = await createProject({ 'prod.in': 'FROM a\n', 'File.txt': 'FROM a\n' });
    const names = ['prod.in', 'File.txt'].map(async (name) => {
      return (await findContainerfile(await createProject({}), { file: join(elsewhere, name) })).name;
    });
    expect(await Promise.all(names)).toEqual([
      expect.stringMatching(/^\.barnraiser-[0-9a-f]{16}\.Containerfile\.in$/),
      expect.stringMatching(/^\.barnraiser-[0-9a-f]{16}\.Containerfile$/),
    ]);
  });

  it('may be a text that is in no file', async () => {
    const root = await createProject({ Containerfile: 'FROM b\n' });
    expect(await findContainerfile(root, { content: Buffer.from('FROM a\n') })).toMatchObject({
      path: standardInput,
      isOutside: true,
      content: Buffer.from('FROM a\n'),
    });
  });

  it('is not read if it is a pipe, a device, huge or a link to itself', async () => {
    const root = await createProject({ zero: '->/dev/zero', loop: '->loop', huge: Buffer.alloc(1024 * 1024 + 1) });
    await promisify(execFile)('mkfifo', [join(root, 'Containerfile')]);
    const read = (file?: string) => findContainerfile(root, { file: file && join(root, file) });
    const notFile = { problem: { code: 'context.unreadable', message: expect.stringContaining('is a pipe') } };
    await expect(read()).rejects.toMatchObject(notFile);
    await expect(read('zero')).rejects.toMatchObject(notFile);
    await expect(read('huge')).rejects.toThrow(`${root}/huge is larger than 1024 KiB`);
    await expect(read('loop')).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
  });

  it('has a hidden name made from its content if it is outside the context', async () => {
    const root = await createProject({});
    const elsewhere = await createProject({ one: 'FROM a\n', two: 'FROM a\n', other: 'FROM b\n' });
    const [one, two, other] = await Promise.all(
      ['one', 'two', 'other'].map((name) => findContainerfile(root, { file: join(elsewhere, name) })),
    );
    expect(one).toMatchObject({ isOutside: true, path: join(elsewhere, 'one') });
    expect(one?.name).toMatch(/^\.barnraiser-[0-9a-f]{16}\.Containerfile$/);
    expect(two?.name).toBe(one?.name);
    expect(other?.name).not.toBe(one?.name);
  });

  it('is outside the context even if its folder starts with the same name', async () => {
    const parent = await createProject({ 'app/x': '', 'app-build/Containerfile': 'FROM a\n', '..odd/x': '' });
    const found = await findContainerfile(join(parent, 'app'), { file: join(parent, 'app-build/Containerfile') });
    expect(found.isOutside).toBe(true);
    await writeFile(join(parent, '..odd/Containerfile'), 'FROM a\n');
    expect(await findContainerfile(parent, { file: join(parent, '..odd/Containerfile') })).toMatchObject({
      name: '..odd/Containerfile',
    });
  });

  it('is reported as missing with the path that was searched', async () => {
    const root = await createProject({ 'Containerfile/': '' });
    await expect(findContainerfile(root)).rejects.toThrow(`no Containerfile or Dockerfile in ${root}`);
    await expect(findContainerfile(root, { file: join(root, 'prod') })).rejects.toMatchObject({
      problem: { code: 'context.file-missing', message: expect.stringContaining(join(root, 'prod')) },
    });
  });
});
