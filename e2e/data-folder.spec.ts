/** The files that real work leaves in the data folder are those of docs/reference/data-folder.md, and only the user can read them. */
import { randomBytes } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { dataFileOf } from './rules/reference/data-files.ts';

const lab = await setUpLab();
const unique = randomBytes(4).toString('hex');
let person: Person;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('amd-a'));
  await person.mustRun('farm', 'create', 'home', 'amd-a', '--default');
});
afterAll(() => person.remove());

test('a build, a bake, a push and settings leave only files that are documented', async () => {
  const project = await makeProject({
    Containerfile: `${lab.from}COPY file /file\nRUN echo ${unique} > /unique\n`,
    file: unique,
    'barnraiser.json': JSON.stringify({ version: 1, images: { one: { reference: `data-${unique}:2` } } }),
  });
  await person.mustRun(
    'build',
    '--no-recipe',
    '-t',
    `${lab.registry.address}/data/${unique}:1`,
    '--push',
    '--tls-verify=false',
    project,
  );
  await person.mustRun('recipe', 'save', project);
  await person.mustRun('files', `${lab.registry.address}/data/${unique}:1`, '/');
  await person.mustRun('schedule', 'add', project, '--cron', '0 4 1 1 *', '--paused', '--name', 'yearly');
  await person.mustRun('registry', 'add', 'registry.example.com', '--proxy', 'none');
  await person.mustRun('node', 'pause', 'amd-a', '--reason', unique);
  await person.mustRun('queue', 'pause');

  const found = (await readdir(person.home, { recursive: true, withFileTypes: true })).map((entry) => ({
    path: join(entry.parentPath, entry.name).slice(person.home.length + 1),
    isFolder: entry.isDirectory(),
  }));
  // the person's own, for SSH
  const files = found.filter(({ path, isFolder }) => !isFolder && path !== 'known_hosts');
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter(({ path }) => !dataFileOf(path)).map(({ path }) => path)).toEqual([]);

  const modes = await Promise.all(
    found.map(async ({ path, isFolder }) => {
      const { mode } = await lstat(join(person.home, path));
      return { path, isFolder, others: mode & 0o077 };
    }),
  );
  // nothing else can be reached through a private folder
  const open = modes.filter(({ path, others }) => others !== 0 && !/^images(\/|$)/.test(path));
  expect(open.map(({ path }) => path)).toEqual([]);
  expect(modes.find(({ path }) => path === 'images')?.others).toBe(0);
});
