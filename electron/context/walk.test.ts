import { chmod, link, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findContainerfile } from './containerfile.ts';
import { loadIgnoreRules } from './ignore.ts';
import { createProject } from './testing/project.ts';
import { type ContextEntry, type ExclusionReason, walkContext } from './walk.ts';

async function walk(root: string, excluded: [string, ExclusionReason][] = []): Promise<ContextEntry[]> {
  const rules = await loadIgnoreRules(root, await findContainerfile(root));
  const onExclude = (path: string, reason: ExclusionReason) => void excluded.push([path, reason]);
  const entries: ContextEntry[] = [];
  for await (const batch of walkContext(root, rules, { onExclude })) {
    entries.push(...batch);
  }
  return entries;
}

const paths = (entries: readonly ContextEntry[]) =>
  entries.map(({ path, kind }) => (kind === 'folder' ? `${path}/` : path));

const base = { Containerfile: 'FROM scratch\n' };

describe('a walk through a context', () => {
  it('yields parents before children, and names in order', async () => {
    const root = await createProject({ ...base, 'b/z': '', 'b/a/x': '', 'a.txt': '', 'a/y': '', B: '', ä: '' });
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

  it('yields everything in large folders', async () => {
    const names = Array.from({ length: 150 }, (_, index) => String(index).padStart(3, '0'));
    const root = await createProject({
      ...base,
      ...Object.fromEntries(names.map((name) => [Number(name) % 40 === 7 ? `many/${name}/in` : `many/${name}`, name])),
    });
    const expected = names.flatMap((name) => (Number(name) % 40 === 7 ? [`${name}/`, `${name}/in`] : [name]));
    expect(paths(await walk(root))).toEqual(['Containerfile', 'many/', ...expected.map((name) => `many/${name}`)]);
  });

  it('does not enter an ignored folder', async () => {
    const root = await createProject({ ...base, '.dockerignore': 'node_modules\n!docs\n', 'node_modules/a/b': '' });
    const excluded: [string, ExclusionReason][] = [];
    expect(paths(await walk(root, excluded))).toEqual(['.dockerignore', 'Containerfile']);
    expect(excluded).toEqual([['node_modules', 'ignored']]);
  });

  it('yields only those ignored parents below which a ! rule includes something', async () => {
    const root = await createProject({
      ...base,
      '.dockerignore': '*\n!a/b/kept\n',
      'a/b/kept': '',
      'a/b/other': '',
      'a/c/other': '',
      'd/other': '',
    });
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile', 'a/', 'a/b/', 'a/b/kept']);
  });

  it('yields symlinks unchanged and does not follow them', async () => {
    const root = await createProject({ ...base, up: '->../..', gone: '->nowhere', 'd/f': '', loop: '->.' });
    const entries = await walk(root);
    expect(paths(entries)).toEqual(['Containerfile', 'd/', 'd/f', 'gone', 'loop', 'up']);
    expect(entries.filter(({ kind }) => kind === 'symlink')).toMatchObject([
      { target: 'nowhere' },
      { target: '.' },
      { target: '../..' },
    ]);
  });

  it('yields a file with two names once, and then a hard link to it', async () => {
    const root = await createProject({ ...base, one: 'content', 'b/': '' });
    await link(join(root, 'one'), join(root, 'b/two'));
    expect(await walk(root)).toMatchObject([
      { path: 'Containerfile', kind: 'file' },
      { path: 'b', kind: 'folder' },
      { path: 'b/two', kind: 'file', size: 7 },
      { path: 'one', kind: 'hardlink', target: 'b/two' },
    ]);
  });

  it('yields no hard link to an ignored name', async () => {
    const root = await createProject({ ...base, '.dockerignore': 'a\n', a: 'content' });
    await link(join(root, 'a'), join(root, 'b'));
    expect((await walk(root)).at(-1)).toMatchObject({ path: 'b', kind: 'file', size: 7 });
  });

  it('yields modes and times', async () => {
    const root = await createProject({ ...base, run: '' });
    await chmod(join(root, 'run'), 0o4750);
    await utimes(join(root, 'run'), 1_000_000, 1_000_000);
    expect((await walk(root)).at(-1)).toMatchObject({ path: 'run', mode: 0o4750, modifiedMs: 1_000_000_000 });
  });

  it('excludes sockets and reports them', async () => {
    const root = await createProject(base);
    const server = createServer().listen(join(root, 'socket'));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    await new Promise((resolve) => server.once('listening', resolve));
    const excluded: [string, ExclusionReason][] = [];
    expect(paths(await walk(root, excluded))).toEqual(['Containerfile']);
    expect(excluded).toEqual([['socket', 'special']]);
  });

  it('fails on an unreadable folder unless it is ignored', async () => {
    const root = await createProject({ ...base, 'closed/file': '' });
    await chmod(join(root, 'closed'), 0);
    await asUnprivilegedUser(root, async () => {
      await expect(walk(root)).rejects.toMatchObject({
        problem: { code: 'context.unreadable', message: expect.stringContaining(`${root}/closed`) },
      });
    });
    const ignoring = await createProject({ ...base, '.dockerignore': 'closed\n!closed/*/x\n', 'closed/file': '' });
    await chmod(join(ignoring, 'closed'), 0);
    await asUnprivilegedUser(ignoring, async () => {
      expect(paths(await walk(ignoring))).toEqual(['.dockerignore', 'Containerfile']);
    });
  });

  it('fails on a file name that is not UTF-8 unless it is ignored', async () => {
    const root = await createProject(base);
    const broken = Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]);
    await writeFile(broken, '');
    await expect(walk(root)).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
    await writeFile(join(root, '.dockerignore'), 'bad?\n');
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile']);
  });

  it('fails on a file name that is not UTF-8 and looks like that of another file', async () => {
    const root = await createProject({ ...base, 'bad\uFFFD': 'good' });
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), '');
    await expect(walk(root)).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
    await writeFile(join(root, '.dockerignore'), 'bad?\n');
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile']);
  });

  it('fails on a link whose target is not UTF-8 unless it is ignored', async () => {
    const root = await createProject({ ...base, good: '->\uFFFD' });
    expect(paths(await walk(root))).toEqual(['Containerfile', 'good']);
    await symlink(Buffer.alloc(4_000, 0xff), join(root, 'bad'));
    await expect(walk(root)).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
    await writeFile(join(root, '.dockerignore'), 'bad\n');
    expect(paths(await walk(root))).toEqual(['.dockerignore', 'Containerfile', 'good']);
  });

  it('stops when its signal aborts', async () => {
    const files = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${index}`, '']));
    const root = await createProject({ ...base, ...files });
    const rules = await loadIgnoreRules(root, await findContainerfile(root));
    const abort = new AbortController();
    const entries = walkContext(root, rules, { signal: abort.signal });
    await entries.next();
    abort.abort(new Error('cancelled'));
    await expect(entries.next()).rejects.toThrow('cancelled');
  });

  it('stops when its signal aborts in a large folder of which nothing is sent', async () => {
    const files = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`big/${index}.tmp`, '']));
    const root = await createProject({ ...base, '.dockerignore': '**/*.tmp\n', ...files });
    const rules = await loadIgnoreRules(root, await findContainerfile(root));
    const abort = new AbortController();
    let seen = 0;
    const entries = walkContext(root, rules, {
      signal: abort.signal,
      onExclude: () => {
        seen++;
        abort.abort(new Error('cancelled'));
      },
    });
    const walkAll = async (): Promise<void> => {
      for await (const _ of entries) {
        // the entries do not matter
      }
    };
    await expect(walkAll()).rejects.toThrow('cancelled');
    expect(seen).toBeLessThan(100);
  });
});

/** Runs as an unprivileged user if the tests run as root, because root can read everything. */
async function asUnprivilegedUser(root: string, action: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  await chmod(root, 0o755);
  if (isRoot) {
    process.seteuid?.(65534);
  }
  try {
    await action();
  } finally {
    if (isRoot) {
      process.seteuid?.(0);
    }
    await chmod(join(root, 'closed'), 0o755);
  }
}
