import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listContext, openContents } from './contents.ts';
import { project } from './testing/project.ts';

it('lists what travels in the order of the tar', async () => {
  const context = await project({ Containerfile: 'FROM a\n', '.dockerignore': 'x\nContainerfile\n', x: '', 'd/y': '' });
  expect(await listContext({ context })).toEqual(['.dockerignore', 'Containerfile', 'd/', 'd/y']);
});

it('sends a Containerfile from elsewhere under a hidden name and keeps it out of every COPY', async () => {
  const context = await project({ '.dockerignore': 'x\n', x: '', y: '' });
  const elsewhere = await project({ File: 'FROM a\n' });
  const contents = await openContents({ context, file: join(elsewhere, 'File') });
  expect(contents.containerfile.outside).toBe(true);
  expect(contents.excludes).toEqual(['x', contents.containerfile.name]);
  expect(await listContext({ context, file: join(elsewhere, 'File') })).toEqual([
    contents.containerfile.name,
    '.dockerignore',
    'y',
  ]);
});

it('sends the content of a Containerfile that is linked from elsewhere', async () => {
  const elsewhere = await project({ real: 'FROM a\n' });
  const context = await project({});
  await symlink(join(elsewhere, 'real'), join(context, 'Containerfile'));
  const contents = await openContents({ context });
  const first = await contents.entries().next();
  expect(first.value).toMatchObject({
    path: contents.containerfile.name,
    kind: 'file',
    source: join(elsewhere, 'real'),
  });
  // the link itself would lead out of the context, which podman refuses
  expect(await listContext({ context })).toEqual([contents.containerfile.name]);
});

it('hands on what the ignore file says where the Containerfile is part of the context', async () => {
  const context = await project({
    Containerfile: 'FROM a\n',
    'Containerfile.dockerignore': 'own\n',
    '.dockerignore': 'root\n',
  });
  expect((await openContents({ context })).excludes).toEqual(['own']);
});
