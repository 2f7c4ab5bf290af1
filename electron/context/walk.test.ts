import { chmod, link, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findContainerfile } from './containerfile.ts';
import { loadIgnore } from './ignore.ts';
import { project } from './testing/project.ts';
import { type ContextEntry, type LeftOut, walkContext } from './walk.ts';

async function walk(root: string, leftOut: [string, LeftOut][] = []): Promise<ContextEntry[]> {
  const rules = await loadIgnore(root, await findContainerfile(root));
  const onLeftOut = (path: string, why: LeftOut) => void leftOut.push([path, why]);
  const entries: ContextEntry[] = [];
  for await (const entry of walkContext(root, rules, { onLeftOut })) {
    entries.push(entry);
  }
  return entries;
}

const paths = (entries: readonly ContextEntry[]) =>
  entries.map(({ path, kind }) => (kind === 'folder' ? `${path}/` : path));

const base = { Containerfile: 'FROM scratch\n' };

describe('a walk through a context', () => {
  it('gives parents before children and names in order', async () => {
    const root = await project({ ...base, 'b/z': '', 'b/a/x': '', 'a.txt': '', 'a/y': '', B: '', ä: '' });
    expect(paths(await walk(root))).toEqual([
      'B',
      'Containerfile',
      'a/',
      'a/y',
      'a.txt',
      'b/',
      'b/a/',
      'b/a/x',
      'b/z',
      'ä',
    ]);
  });

  it('loses nothing in folders of many files and folders', async () => {
    const names = Array.from({ length: 150 }, (_, index) => String(index).padStart(3, '0'));
    const root = await project({
      ...base,
      ...Object.fromEntries(names.map((name) => [Number(name) % 40 === 7 ? `many/${name}/in` : `many/${name}`, name])),
    });
    const expected = names.flatMap((name) => (Number(name) % 40 === 7 ? [`${name}/`, `${name}/in`] : [name]));
    expect(paths(await walk(root))).toEqual(['Containerfile', 'many/', ...expected.map((name) => `many/${name}`)]);
  });

  it('does not look into an ignored folder', async () => {
    const root = await project({ ...base, '.dockerignore': 'node_modules\n!docs\n', 'node_modules/a/b': '' });
    const leftOut: [string, LeftOut][] = [];
    expect(paths(await walk(root, leftOut))).toEqual(['.dockerignore', 'Containerfile']);
    expect(leftOut).toEqual([['node_modules', 'ignored']]);
  });

  it('gives the parents of what is taken back, and only them', async () => {
    const root = await project({
      ...base,
      '.dockerignore': '*\n!a/b/kept\n',
      'a/b/kept': '',
      'a/b/other': '',
      'a/c/other': '',
      'd/other': '',
    });
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile', 'a/', 'a/b/', 'a/b/kept']);
  });

  it('keeps symlinks as they are, wherever they point, and follows none', async () => {
    const root = await project({ ...base, up: '->../..', gone: '->nowhere', 'd/f': '', loop: '->.' });
    const entries = await walk(root);
    expect(paths(entries)).toEqual(['Containerfile', 'd/', 'd/f', 'gone', 'loop', 'up']);
    expect(entries.filter(({ kind }) => kind === 'symlink')).toMatchObject([
      { target: 'nowhere' },
      { target: '.' },
      { target: '../..' },
    ]);
  });

  it('gives a file with two names once, and a link to it', async () => {
    const root = await project({ ...base, one: 'content', 'b/': '' });
    await link(join(root, 'one'), join(root, 'b/two'));
    expect(await walk(root)).toMatchObject([
      { path: 'Containerfile', kind: 'file' },
      { path: 'b', kind: 'folder' },
      { path: 'b/two', kind: 'file', size: 7 },
      { path: 'one', kind: 'hardlink', target: 'b/two' },
    ]);
  });

  it('does not link to a name that is ignored', async () => {
    const root = await project({ ...base, '.dockerignore': 'a\n', a: 'content' });
    await link(join(root, 'a'), join(root, 'b'));
    expect((await walk(root)).at(-1)).toMatchObject({ path: 'b', kind: 'file', size: 7 });
  });

  it('gives modes and times', async () => {
    const root = await project({ ...base, run: '' });
    await chmod(join(root, 'run'), 0o4750);
    await utimes(join(root, 'run'), 1_000_000, 1_000_000);
    expect((await walk(root)).at(-1)).toMatchObject({ path: 'run', mode: 0o4750, modifiedMs: 1_000_000_000 });
  });

  it('leaves sockets out and says so', async () => {
    const root = await project(base);
    const server = createServer().listen(join(root, 'socket'));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    await new Promise((resolve) => server.once('listening', resolve));
    const leftOut: [string, LeftOut][] = [];
    expect(paths(await walk(root, leftOut))).toEqual(['Containerfile']);
    expect(leftOut).toEqual([['socket', 'special']]);
  });

  it('names the folder that cannot be read, unless it is ignored', async () => {
    const root = await project({ ...base, 'closed/file': '' });
    await chmod(join(root, 'closed'), 0);
    await asNobody(root, async () => {
      await expect(walk(root)).rejects.toMatchObject({
        problem: { code: 'context.unreadable', message: expect.stringContaining(`${root}/closed`) },
      });
    });
    const ignoring = await project({ ...base, '.dockerignore': 'closed\n!closed/*/x\n', 'closed/file': '' });
    await chmod(join(ignoring, 'closed'), 0);
    await asNobody(ignoring, async () => {
      expect(paths(await walk(ignoring))).toEqual(['.dockerignore', 'Containerfile']);
    });
  });

  it('names the file whose name is not UTF-8, unless it is ignored', async () => {
    const root = await project(base);
    const broken = Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]);
    await writeFile(broken, '');
    await expect(walk(root)).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
    await writeFile(join(root, '.dockerignore'), 'bad?\n');
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile']);
  });

  it('stops when its signal aborts', async () => {
    const root = await project({ ...base, a: '', b: '' });
    const rules = await loadIgnore(root, await findContainerfile(root));
    const abort = new AbortController();
    const entries = walkContext(root, rules, { signal: abort.signal });
    await entries.next();
    abort.abort(new Error('enough'));
    await expect(entries.next()).rejects.toThrow('enough');
  });
});

/** Root may read everything, so as root this runs as somebody else. */
async function asNobody(root: string, use: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  await chmod(root, 0o755);
  if (isRoot) {
    process.seteuid?.(65534);
  }
  try {
    await use();
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
    await chmod(join(root, 'closed'), 0o755);
  }
}
