/** What docker nodes get of a project, and that it is always what the project has. */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';

const lab = await setUpLab();
let person: Person;
const projects: string[] = [];

/** Prints kind, mode, path and content of everything that was copied. Other tests use the same cache. */
const containerfile = `${lab.from}COPY . /copied
RUN : ${randomBytes(4).toString('hex')}; cd /copied; \\
  find . -mindepth 1 -type f -exec stat -c "is: file %a %n" {} +; find . -type f -exec sha256sum {} + | sed "s/^/is: /"; \\
  find . -mindepth 1 -type d -exec stat -c "is: folder %a %n" {} +; find . -type l -exec stat -c "is: link %N" {} +
`;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('docker-a'), lab.node('docker-arm'));
});
afterAll(async () => {
  await person?.remove();
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true, force: true })));
});

async function createProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await makeProject({ Containerfile: containerfile, ...files });
  projects.push(folder);
  return folder;
}

/** Builds without skipping and returns what the node had, and how many bytes were sent to it. */
async function copied(
  folder: string,
  node: string,
): Promise<{ lines: string[]; bytesSent: number; bytesReused: number }> {
  const { outcome, build } = await person.build('-t', 'synced:1', '--node', node, folder);
  expect(outcome.code, outcome.stderr).toBe(0);
  const log = await person.mustRun('logs', build.id);
  const lines = log.split('\n').flatMap((line) => /\bis: ([^%]*)$/.exec(line)?.[1] ?? []);
  const { bytesSent = -1, bytesReused = 0 } = build.jobs[0] ?? {};
  return { lines: lines.sort(), bytesSent, bytesReused };
}

/** What a project has, in the same form. */
async function expected(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const path of await readdir(folder, { recursive: true })) {
    const full = join(folder, path);
    const stats = await lstat(full);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isSymbolicLink()) {
      lines.push(`link './${path}' -> '${await readlink(full)}'`);
    } else if (stats.isDirectory()) {
      lines.push(`folder ${mode} ./${path}`);
    } else {
      const digest = createHash('sha256')
        .update(await readFile(full))
        .digest('hex');
      lines.push(`file ${mode} ./${path}`, `${digest}  ./${path}`);
    }
  }
  return lines.sort();
}

const manyFiles = (): Record<string, Buffer> =>
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`d${index % 10}/f${index}`, randomBytes(2_000)]));

test.each(['docker-a', 'docker-arm'])('a change in one of many files sends that file alone to %s', async (node) => {
  const folder = await createProject(manyFiles());
  const first = await copied(folder, node);
  expect(first.lines).toEqual(await expected(folder));
  expect(first.bytesSent).toBeGreaterThan(1_000_000);
  await writeFile(join(folder, 'd3/f3'), randomBytes(2_000));
  const second = await copied(folder, node);
  expect(second.lines).toEqual(await expected(folder));
  expect(second.bytesSent).toBeLessThan(10_000);
  expect(second.bytesReused).toBeGreaterThanOrEqual(499 * 2_000);
});

describe('a node has what the project has', () => {
  test('after files were removed, renamed, linked, and replaced by folders and links', async () => {
    const folder = await createProject({ ...manyFiles(), 'with space': '1', grün: '2', 'a-b/x': '3', 'a/x': '4' });
    await copied(folder, 'docker-a');
    const at = (path: string): string => join(folder, path);
    await rm(at('d1/f1'));
    await rm(at('d2'), { recursive: true });
    await symlink('d3/f3', at('d2'));
    await rm(at('d4/f4'));
    await mkdir(at('d4/f4'));
    await writeFile(at('d4/f4/inside'), 'new');
    await rename(at('d5'), at('renamed'));
    await chmod(at('d6/f6'), 0o4755);
    await chmod(at('d7'), 0o700);
    await link(at('d8/f8'), at('d0/also-f8'));
    await symlink('/etc/passwd', at('absolute'));
    await symlink('missing', at('a/broken'));
    await writeFile(at('empty'), '');
    expect((await copied(folder, 'docker-a')).lines).toEqual(await expected(folder));
    await rm(at('absolute'));
    await writeFile(at('absolute'), 'a file now');
    await writeFile(at('d8/f8'), 'both names change');
    expect((await copied(folder, 'docker-a')).lines).toEqual(await expected(folder));
  });

  test('after a file got another content of the same size with the same time', async () => {
    const folder = await createProject({ library: 'one', other: 'x' });
    const write = async (content: string): Promise<void> => {
      await writeFile(join(folder, 'library'), content);
      await utimes(join(folder, 'library'), 499_162_500, 499_162_500);
    };
    for (const content of ['one', 'two', 'six']) {
      await write(content);
      expect((await copied(folder, 'docker-a')).lines).toEqual(await expected(folder));
    }
  });

  test('if another computer builds a project of the same path', async () => {
    const folder = await createProject({ library: 'one' });
    const other = await Person.create();
    try {
      await other.addConnections(lab.node('docker-a'));
      const seconds = 1_700_000_000.25;
      await utimes(join(folder, 'library'), seconds, seconds);
      await copied(folder, 'docker-a');
      await writeFile(join(folder, 'library'), 'two');
      await utimes(join(folder, 'library'), seconds, seconds);
      const { outcome, build } = await other.build('-t', 'synced:1', '--node', 'docker-a', folder);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(await other.mustRun('logs', build.id)).toContain(createHash('sha256').update('two').digest('hex'));
    } finally {
      await other.remove();
    }
  });
});
