import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contextEntries, listContext, openContents } from './contents.ts';
import { createProject } from './testing/project.ts';

it('lists what is sent, in the order of the tar', async () => {
  const context = await createProject({
    Containerfile: 'FROM a\n',
    '.dockerignore': 'x\nContainerfile\n',
    x: '',
    'd/y': '',
  });
  expect(await listContext({ context })).toEqual(['.dockerignore', 'Containerfile', 'd/', 'd/y']);
});

it('sends an external Containerfile under a hidden name and excludes it from every COPY', async () => {
  const context = await createProject({ '.dockerignore': 'x\n', x: '', y: '' });
  const elsewhere = await createProject({ File: 'FROM a\n' });
  const contents = await openContents({ context, file: join(elsewhere, 'File') });
  expect(contents.containerfile?.isOutside).toBe(true);
  expect(contents.excludes).toEqual(['x', contents.containerfile?.name]);
  expect(await listContext({ context, file: join(elsewhere, 'File') })).toEqual([
    contents.containerfile?.name,
    '.dockerignore',
    'y',
  ]);
});

it('sends the content of a Containerfile that links to a file outside the context', async () => {
  const elsewhere = await createProject({ real: 'FROM a\n' });
  const context = await createProject({});
  await symlink(join(elsewhere, 'real'), join(context, 'Containerfile'));
  const contents = await openContents({ context });
  const [first] = (await contextEntries(contents).next()).value ?? [];
  expect(first).toMatchObject({ path: 'Containerfile', kind: 'file', content: Buffer.from('FROM a\n') });
  expect(await listContext({ context })).toEqual(['Containerfile']);
});

it('excludes the patterns of the ignore file', async () => {
  const context = await createProject({
    Containerfile: 'FROM a\n',
    'Containerfile.dockerignore': 'own\n',
    '.dockerignore': 'root\n',
  });
  expect((await openContents({ context })).excludes).toEqual(['own']);
});
