import { expect, it } from 'vitest';
import { previewContext } from './preview.ts';
import { createProject } from './testing/project.ts';

const base = { Containerfile: 'FROM a\n' };

it('counts the files and bytes to send, and the ignored paths', async () => {
  const context = await createProject({
    ...base,
    '.dockerignore': 'node_modules\n*.log\n',
    'src/a': '12345',
    link: '->src/a',
    'node_modules/many/files': 'x',
    'one.log': 'x',
    'two.log': 'x',
  });
  expect(await previewContext({ context })).toMatchObject({
    files: 4,
    bytes: 5 + 7 + 19,
    ignoredCount: 3,
    warnings: [],
  });
});

it('lists the ten largest files, largest first', async () => {
  const sizes = [3, 1, 12, 7, 5, 9, 11, 2, 10, 4, 8, 6];
  const context = await createProject({
    ...base,
    ...Object.fromEntries(sizes.map((size) => [`d/${size}`, Buffer.alloc(size * 100)])),
  });
  const { largest } = await previewContext({ context });
  expect(largest.map(({ bytes }) => bytes)).toEqual([1200, 1100, 1000, 900, 800, 700, 600, 500, 400, 300]);
  expect(largest[0]).toEqual({ path: 'd/12', bytes: 1200 });
});

it('warns about files that a person may not want to send', async () => {
  const context = await createProject({
    ...base,
    '.env': '',
    '.env.production': '',
    '.git/HEAD': '',
    '.git/config': '',
    'certs/server.key': '',
    'home/.aws/credentials': '',
    'home/.npmrc': '',
    'home/.ssh/id_ed25519': '',
    'node_modules/x/index.js': '',
  });
  const { warnings } = await previewContext({ context });
  expect(warnings.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    'env-file .env',
    'env-file .env.production',
    'git-folder .git',
    'private-key certs/server.key',
    'credentials home/.aws/credentials',
    'credentials home/.npmrc',
    'private-key home/.ssh/id_ed25519',
    'dependencies node_modules',
  ]);
  expect(warnings[0]).toMatchObject({
    message: 'may contain secrets; it would be sent to every node',
    pattern: '.env',
  });
});

it('does not warn about examples, public keys and ignored files', async () => {
  const context = await createProject({
    ...base,
    '.dockerignore': '.git\nsecret.pem\n',
    '.env.example': '',
    '.git/HEAD': '',
    'id_rsa.pub': '',
    'secret.pem': '',
  });
  expect((await previewContext({ context })).warnings).toEqual([]);
});

it('stops at a hundred warnings', async () => {
  const context = await createProject({
    ...base,
    ...Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`${index}.key`, ''])),
  });
  expect((await previewContext({ context })).warnings).toHaveLength(100);
});
