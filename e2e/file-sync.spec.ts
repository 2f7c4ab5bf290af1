/** What BuildKit gets of a project through its session, and that it is always what the project has. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packContext } from '../electron/context/pack-context.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';

const lab = await setUpLab();
const nodes = ['docker-a', 'buildkit-a'];
let person: Person;
const projects: string[] = [];

/** Prints kind, mode, time, path and content of everything that was copied. Other tests use the same cache. */
const containerfile = `${lab.from}COPY . /copied
RUN : ${randomBytes(4).toString('hex')}; cd /copied; \\
  find . -mindepth 1 -type f -exec stat -c "is: file %a %Y %n" {} +; find . -type f -exec sha256sum {} + | sed "s/^/is: /"; \\
  find . -mindepth 1 -type d -exec stat -c "is: folder %a %n" {} +; find . -type l -exec stat -c "is: link %N" {} +
`;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...nodes.map((name) => lab.node(name)));
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

/** What a folder has, in the same form. */
async function expected(folder: string): Promise<string[]> {
  const lines: string[] = [];
  // without the types of entries, links to folders would be followed
  for (const { parentPath, name } of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const full = join(parentPath, name);
    const path = relative(folder, full);
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
      lines.push(`file ${mode} ${Math.floor(stats.mtimeMs / 1000)} ./${path}`, `${digest}  ./${path}`);
    }
  }
  return lines.sort();
}

const manyFiles = (): Record<string, Buffer> =>
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`d${index % 10}/f${index}`, randomBytes(2_000)]));

test.each(nodes)('a change in one of many files sends that file alone to %s', async (node) => {
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

/** What the tar of a project has, which other engines get. */
async function inTar(context: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-tar-'));
  const packed = await packContext({ context, spoolFolder: join(folder, 'spool') });
  try {
    await writeFile(join(folder, 'tar'), packed.source().tar());
    await mkdir(join(folder, 'files'));
    await mustRun(['tar', '-xpf', join(folder, 'tar'), '-C', join(folder, 'files')]);
    return await expected(join(folder, 'files'));
  } finally {
    await packed.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** More rounds find more, and take longer. */
const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 2);
const run = randomInt(1_000_000, 10_000_000);
const names = ['a', 'a-b', 'a.b', 'B', 'grün', 'gru\u0308n', '日本', 'with space', '-n', '.hidden', 'x'.repeat(120)];
const patterns = [
  '*.b',
  '**/B',
  'a*',
  '!a-b',
  '!**/grün',
  '/日本',
  'with space',
  '**/.hidden',
  'a/**',
  '!a/B',
  '*/*/a',
];

describe.each(['docker-a', 'buildkit-a'])('by file sync %s gets what a tar has', (node) => {
  test('after random changes of files, links, folders, modes, names and ignore files', async () => {
    // a failure names the run, from which the changes follow (mulberry32)
    let state = run;
    const pick = <T>(values: readonly T[]): T => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
      return values[Math.floor(fraction * values.length)] ?? expect.fail('nothing to pick');
    };
    const folder = await createProject({});
    const all = async (kind: 'isFile' | 'isDirectory' | 'isSymbolicLink'): Promise<string[]> =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry[kind]() && !/^(?:Containerfile|round|\..*ignore)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
    /** Folders without folders, so that not all of a tree vanishes at once. */
    const leaves = async (): Promise<string[]> => {
      const folders = await all('isDirectory');
      return folders.filter((path) => !folders.some((other) => other.startsWith(`${path}/`)));
    };
    const somewhere = async (): Promise<string> => join(pick([folder, ...(await all('isDirectory'))]), pick(names));
    const isFree = (path: string): Promise<boolean> =>
      lstat(path).then(
        () => false,
        () => true,
      );
    const count = { changes: 0 };
    const content = (): string => `${run} ${count.changes}`;
    const clear = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
    const create = async (make: (path: string) => Promise<unknown>): Promise<void> => {
      const path = await somewhere();
      if (await isFree(path)) {
        await make(path);
      }
    };
    const alter = async (paths: readonly string[], change: (path: string) => Promise<unknown>): Promise<void> => {
      if (paths.length > 0) {
        await change(pick(paths));
      }
    };
    const changes: Readonly<Record<string, () => Promise<unknown>>> = {
      'new folder': () => create((path) => mkdir(path)),
      'new file': () => create((path) => writeFile(path, content())),
      'empty file': () => create((path) => writeFile(path, '')),
      'relative link': () => create((path) => symlink(pick(names), path)),
      'absolute link': () => create((path) => symlink('/etc/passwd', path)),
      'hard link': async () =>
        alter(await all('isFile'), async (existing) => {
          const path = await somewhere();
          if (await isFree(path)) {
            await link(existing, path);
          }
        }),
      'other content': async () => alter(await all('isFile'), (path) => writeFile(path, content())),
      'other content with the same size and time': async () =>
        alter(await all('isFile'), async (path) => {
          const { size, atime, mtime } = await lstat(path);
          await writeFile(path, randomBytes(size));
          await utimes(path, atime, mtime);
        }),
      'mode of a file': async () =>
        alter(await all('isFile'), (path) => chmod(path, pick([0o600, 0o755, 0o4755, 0o444]))),
      'mode of a folder': async () =>
        alter(await all('isDirectory'), (path) => chmod(path, pick([0o700, 0o755, 0o1777]))),
      'time of a file': async () =>
        alter(await all('isFile'), (path) => utimes(path, 1_000_000_000, pick([1, 2e9, 1.5e9]))),
      'new name': async () =>
        alter(
          [...(await all('isDirectory')), ...(await all('isFile')), ...(await all('isSymbolicLink'))],
          async (path) => {
            const to = await somewhere();
            if ((await isFree(to)) && !to.startsWith(`${path}/`)) {
              await rename(path, to);
            }
          },
        ),
      'link instead of a file': async () =>
        alter(await all('isFile'), async (path) => {
          await clear(path);
          await symlink(pick(names), path);
        }),
      'removed file': async () => alter(await all('isFile'), clear),
      'removed folder': async () => alter(await leaves(), clear),
      'file instead of a folder': async () =>
        alter(await leaves(), async (path) => {
          await clear(path);
          await writeFile(path, content());
        }),
      'ignore file': () => writeFile(join(folder, '.dockerignore'), `${pick(patterns)}\n${pick(patterns)}\n`),
    };
    const made: string[] = [];
    for (let round = 0; round <= rounds; round++) {
      for (const most = count.changes + (round === 0 ? 150 : 15); count.changes < most; count.changes++) {
        const change = pick(Object.keys(changes).slice(0, count.changes < 40 ? 2 : undefined));
        made.push(change);
        await changes[change]?.();
      }
      // without it a round may change nothing, and then nothing is built
      await writeFile(join(folder, 'round'), `${round}`);
      const { lines } = await copied(folder, node);
      expect(lines, `round ${round} of ${run}: ${made.splice(0).join(', ')}`).toEqual(await inTar(folder));
    }
  });
});

describe('a node has what the project has', () => {
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
