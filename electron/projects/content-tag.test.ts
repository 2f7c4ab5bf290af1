import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Failure } from '../../shared/problem.ts';
import { readContentTag, type TaggedProject } from './content-tag.ts';

let home: string;
let root: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-tag-')));
  env = { PATH: process.env.PATH, HOME: home };
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(async () => {
  root = await mkdtemp(join(home, 'repository-'));
  git(root, 'init', '--quiet', '--initial-branch=main');
  await write('pkg/a/Dockerfile', 'FROM scratch\n');
  await write('pkg/a/file.txt', 'one');
  await write('pkg/b/Dockerfile', 'FROM scratch\n');
  commit();
});

function git(folder: string, ...args: string[]): string {
  const settings = ['-c', 'user.name=Anna', '-c', 'user.email=anna@example.com', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', ['-C', folder, ...settings, ...args], { env, encoding: 'utf8', stdio: 'pipe' }).trim();
}

function commit(): void {
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--message=x');
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

const tree = (path: string): string => git(root, 'rev-parse', `HEAD:${path}`);
const hash = (kind: string, text: string): string => createHash(kind).update(text).digest('hex');

function tagOf(project: Partial<TaggedProject> = {}) {
  return readContentTag({ folder: join(root, 'pkg/a'), ...project }, { env });
}

async function problemOf(project: Partial<TaggedProject>): Promise<string> {
  return tagOf(project).then(
    () => 'none',
    (error: unknown) => (error instanceof Failure ? `${error.problem.code}: ${error.problem.message}` : String(error)),
  );
}

test('the tag of a clean folder is its tree, at the top and below it', async () => {
  expect(await tagOf()).toMatchObject({ tag: tree('pkg/a'), isDirty: false, notes: [] });
  expect(await tagOf({ folder: root })).toMatchObject({ tag: git(root, 'rev-parse', 'HEAD^{tree}'), isDirty: false });
  expect(await tagOf({ rule: { folder: join(root, 'pkg') } })).toMatchObject({ tag: tree('pkg') });
});

test('further folders, and a Containerfile from elsewhere, are in the hash', async () => {
  await write('elsewhere/Containerfile', 'FROM scratch\n');
  commit();
  const both = await tagOf({ sources: [join(root, 'pkg/b')] });
  expect(both.tag).toBe(hash('sha1', tree('pkg/a') + tree('pkg/b')));
  const outside = await tagOf({ containerfile: join(root, 'elsewhere/Containerfile') });
  expect(outside.tag).toBe(hash('sha1', tree('pkg/a') + tree('elsewhere/Containerfile')));
  await write('pkg/b/new', '');
  expect(await tagOf({ sources: [join(root, 'pkg/b')] })).toMatchObject({ isDirty: true });
});

test('changed and new files make it dirty, with the hash of their content', async () => {
  await write('pkg/a/file.txt', 'two');
  await write('pkg/a/new.txt', 'three');
  await symlink('/etc/hostname', join(root, 'pkg/a/link'));
  await write('pkg/b/other', 'not of this folder');
  const content = hash('sha256', ['FROM scratch\n', 'two', 'three'].join('')).slice(0, 7);
  expect(await tagOf()).toMatchObject({ tag: `${tree('pkg/a')}-dirty-${content}`, isDirty: true });
});

test('a changed mode is a change', async () => {
  await chmod(join(root, 'pkg/a/file.txt'), 0o755);
  expect(await tagOf()).toMatchObject({ isDirty: true });
});

test('new files that are not sent do not count, and ignored files that are sent are named', async () => {
  await write('pkg/a/.gitignore', 'made\n');
  commit();
  await write('pkg/a/notes/todo', '');
  await write('pkg/a/made', '');
  const ignores = (path: string): boolean => path.startsWith('notes/');
  expect(await tagOf({ ignores })).toMatchObject({
    isDirty: false,
    notes: ['Git ignores made, which the nodes get: the tag does not tell changes in it.'],
  });
  expect(await tagOf()).toMatchObject({ isDirty: true, notes: ['Files of the project differ from the commit.'] });
});

test('a work tree and a submodule are repositories of their own', async () => {
  git(root, 'worktree', 'add', '--quiet', join(home, 'tree'), 'HEAD');
  expect(await tagOf({ folder: join(home, 'tree/pkg/a') })).toMatchObject({ tag: tree('pkg/a') });
  const library = await mkdtemp(join(home, 'library-'));
  git(library, 'init', '--quiet', '--initial-branch=main');
  git(library, 'commit', '--quiet', '--allow-empty', '--message=x');
  git(root, 'submodule', '--quiet', 'add', library, 'pkg/a/library');
  commit();
  expect(await tagOf()).toMatchObject({ tag: tree('pkg/a'), isDirty: false });
  await write('pkg/a/library/new', '');
  expect(await tagOf()).toMatchObject({ isDirty: true });
});

test('another commit, a template and a hash of a person', async () => {
  const before = tree('pkg/a');
  await write('pkg/a/file.txt', 'two');
  commit();
  expect(await tagOf({ commit: 'HEAD~1' })).toMatchObject({ tag: before, isDirty: false });
  expect(await tagOf({ rule: { template: 'v1-{{ .Hash }}' } })).toMatchObject({ tag: `v1-${tree('pkg/a')}` });
  expect(await tagOf({ rule: { hash: 'dev', isDirty: true } })).toMatchObject({ tag: 'dev', isDirty: true });
  expect(await tagOf({ rule: { template: 'fixed' } })).toMatchObject({ tag: 'fixed', hash: tree('pkg/a') });
  expect(await tagOf({ folder: home, rule: { hash: 'dev' } })).toMatchObject({ tag: 'dev', isDirty: false });
});

test('where there is no hash, that is said', async () => {
  await write('pkg/new/Dockerfile', 'FROM scratch\n');
  expect(await problemOf({ folder: home })).toContain('project.no-git');
  expect(await problemOf({ folder: join(root, 'pkg/new') })).toContain('in its commit');
  expect(await problemOf({ rule: { template: '{{.Branch}}' } })).toContain('input.invalid');
  expect(await problemOf({ rule: { folder: join(root, 'pkg/b') } })).toContain('is not in');
  expect(await problemOf({ commit: '--output=/tmp/x' })).toContain('does not name a commit');
  const alone = readContentTag({ folder: root }, { env: { PATH: home, HOME: home } });
  await expect(alone).rejects.toMatchObject({
    problem: { message: expect.stringContaining('no git on this computer') },
  });
});
