import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ContextSources } from '../sources/context-sources.ts';
import { GitRepositories } from '../sources/git-repository.ts';
import { FolderWatchers } from './folder-watchers.ts';
import type { SnapshotRequest } from './project-snapshot.ts';
import { ProjectWatcher, type ProjectWatcherOptions } from './project-watcher.ts';

const run = promisify(execFile);

let top: string;
let project: string;
let watcher: ProjectWatcher | undefined;
/** The paths of each change that was reported. */
let changes: string[][];
let states: (string | undefined)[];

async function write(path: string, text = 'x'): Promise<void> {
  const full = join(project, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
}

async function watch(
  request: Partial<SnapshotRequest> = {},
  options: Partial<ProjectWatcherOptions> = {},
): Promise<void> {
  const sources = new ContextSources({
    repositories: new GitRepositories(join(top, 'repositories')),
    spoolFolder: join(top, 'spool'),
    onProgress: () => undefined,
  });
  watcher = await ProjectWatcher.start(
    {
      request: { context: project, ...request },
      sources,
      debounceMs: 50,
      polls: false,
      excluded: new Set(),
      onChange: (paths) => changes.push(paths),
      onState: () => states.push(watcher?.problem?.code ?? watcher?.polling?.reason),
      ...options,
    },
    new AbortController().signal,
  );
}

/** Waits until a change is reported, and checks that nothing else was. */
async function expectChange(...paths: string[]): Promise<void> {
  await expect.poll(() => changes.flat().sort(), { timeout: 5_000 }).toEqual([...paths].sort());
  changes = [];
}

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'watch-'));
  project = join(top, 'project');
  changes = [];
  states = [];
  await write('Containerfile', 'FROM scratch\n');
  await write('src/main.ts');
});

afterEach(async () => {
  watcher?.stop();
  watcher = undefined;
  await rm(top, { recursive: true, force: true });
});

test('reports files that are written, made, renamed and removed', async () => {
  await watch();
  await write('src/main.ts', 'changed');
  await expectChange('src/main.ts');
  await write('src/new.ts');
  await expectChange('src/new.ts');
  await rename(join(project, 'src/new.ts'), join(project, 'src/other.ts'));
  await expectChange('src/new.ts', 'src/other.ts');
  await rm(join(project, 'src/other.ts'));
  await expectChange('src/other.ts');
  await chmod(join(project, 'src/main.ts'), 0o755);
  await expectChange('src/main.ts');
});

test('does not report what is not sent, and what comes and goes', async () => {
  await write('.containerignore', 'logs\n*.log\n!keep.log\n');
  await write('logs/a.txt');
  await watch();
  await write('logs/a.txt', 'changed');
  await write('logs/new/b.txt');
  await write('x.log');
  await write('passing.txt');
  await rm(join(project, 'passing.txt'));
  await write('keep.log');
  await expectChange('keep.log');
});

test('follows the ignore file: what it names is not reported any more, and the other way round', async () => {
  await write('.dockerignore', 'logs\n');
  await write('logs/a.txt');
  await watch();
  await write('.dockerignore', 'src\n');
  await expectChange('.dockerignore', 'logs', 'logs/a.txt', 'src', 'src/main.ts');
  await write('src/main.ts', 'ignored now');
  await write('logs/a.txt', 'sent now');
  await expectChange('logs/a.txt');
  // another file takes its place
  await write('.containerignore', 'logs\nsrc\n');
  await expectChange('.containerignore', 'logs', 'logs/a.txt');
});

test('survives the ways in which editors write', async () => {
  await watch();
  // vim: a file that only tries, a swap file, a backup, and the new file in place of the old one
  await write('src/4913');
  await rm(join(project, 'src/4913'));
  await write('src/.main.ts.swp');
  await rename(join(project, 'src/main.ts'), join(project, 'src/main.ts~'));
  await write('src/main.ts', 'by vim');
  await expectChange('src/main.ts');
  // others: a new file with another name is renamed over the old one
  await write('src/main.ts.tmp', 'by others');
  await rename(join(project, 'src/main.ts.tmp'), join(project, 'src/main.ts'));
  await expectChange('src/main.ts');
  await write('src/main.ts', 'once more');
  await expectChange('src/main.ts');
});

test('watches new folders, and folders in the place of others', async () => {
  await watch();
  await write('src/deep/er/a.ts');
  await expectChange('src/deep', 'src/deep/er', 'src/deep/er/a.ts');
  await write('src/deep/er/a.ts', 'changed');
  await expectChange('src/deep/er/a.ts');
  await rename(join(project, 'src'), join(top, 'old'));
  await mkdir(join(project, 'src/deep/er'), { recursive: true });
  await write('src/deep/er/a.ts', 'another');
  await expectChange('src/deep/er/a.ts', 'src/main.ts');
  await write('src/deep/er/a.ts', 'in the new folder');
  await expectChange('src/deep/er/a.ts');
});

test('reports thousands of files that git changes once', async () => {
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: project });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=one');
  await git('checkout', '--quiet', '-b', 'many');
  for (let folder = 0; folder < 10; folder++) {
    await mkdir(join(project, `f${folder}`));
    await Promise.all(Array.from({ length: 100 }, (_, file) => write(`f${folder}/${file}.txt`, `${folder} ${file}`)));
  }
  await git('add', '.');
  await git('commit', '--quiet', '--message=two');
  await git('checkout', '--quiet', 'main');
  await watch({}, { debounceMs: 300 });
  // only looking changes nothing
  await git('status');
  await git('checkout', '--quiet', 'many');
  await expect.poll(() => changes.length, { timeout: 15_000 }).toBe(1);
  expect(changes[0]).toHaveLength(1_000 + 10 + 1);
  expect(changes[0]).toContain('.git/HEAD');
  changes = [];
  await write('f7/7.txt', 'changed');
  await expectChange('f7/7.txt');
});

test('waits while git changes the files', async () => {
  await write('.git/index.lock');
  await watch();
  await write('src/main.ts', 'by git');
  // looked at with the lock, a change of another watcher is reported before it
  const locked = watcher;
  project = join(top, 'other');
  await write('Containerfile', 'FROM scratch\n');
  await watch();
  await write('other.ts');
  await expectChange('other.ts');
  watcher?.stop();
  [watcher, project] = [locked, join(top, 'project')];
  await write('src/later.ts', 'by git, too');
  await rm(join(project, '.git/index.lock'));
  await expect.poll(() => changes, { timeout: 5_000 }).toEqual([['src/later.ts', 'src/main.ts']]);
});

test('watches Containerfiles, mapped folders and additional contexts outside the project', async () => {
  const outside = join(top, 'outside');
  for (const folder of ['containerfiles', 'mapped', 'more']) {
    await mkdir(join(outside, folder), { recursive: true });
    await writeFile(join(outside, folder, 'a'), 'FROM scratch\n');
    await writeFile(join(outside, folder, 'other'), 'FROM scratch\n');
  }
  await symlink(join(outside, 'containerfiles/a'), join(project, 'Linked'));
  await watch({
    file: join(project, 'Linked'),
    files: [join(outside, 'containerfiles/other')],
    sources: [{ from: join(outside, 'mapped'), to: 'vendor' }],
    contexts: { more: join(outside, 'more') },
  });
  await writeFile(join(outside, 'containerfiles/a'), 'FROM scratch AS a\n');
  await expect.poll(() => changes.flat()).not.toEqual([]);
  changes = [];
  await writeFile(join(outside, 'containerfiles/other'), 'FROM scratch AS b\n');
  await expect.poll(() => changes.flat()).not.toEqual([]);
  changes = [];
  await writeFile(join(outside, 'containerfiles/unused'), '');
  await writeFile(join(outside, 'mapped/b'), '');
  await expectChange('vendor/b');
  await writeFile(join(outside, 'more/b'), '');
  await expectChange(join(outside, 'more/b'));
});

test('does not report files that builds write', async () => {
  await watch({}, { excluded: new Set([join(project, 'image.id')]) });
  await write('image.id', 'sha256:1');
  await write('src/main.ts', 'changed');
  await expectChange('src/main.ts');
});

test('waits for a project that is removed, and goes on when it is back', async () => {
  await watch();
  await rm(project, { recursive: true });
  await expect.poll(() => states, { timeout: 5_000 }).toEqual(['context.missing']);
  expect(watcher?.problem?.message).toContain(project);
  await write('Containerfile', 'FROM scratch AS again\n');
  await expect.poll(() => changes.flat(), { timeout: 5_000 }).toContain('Containerfile');
  expect(states).toEqual(['context.missing', undefined]);
  changes = [];
  await write('src/main.ts', 'changed');
  await expect.poll(() => changes.flat(), { timeout: 5_000 }).toContain('src/main.ts');
});

test('names a Containerfile that is gone, and does not start without one', async () => {
  await watch();
  await rename(join(project, 'Containerfile'), join(project, 'Containerfile.off'));
  await expect.poll(() => states, { timeout: 5_000 }).toEqual(['context.file-missing']);
  watcher?.stop();
  await expect(watch()).rejects.toMatchObject({ problem: { code: 'context.file-missing' } });
});

test('looks again and again where that is asked for', async () => {
  await watch({}, { polls: true });
  expect(watcher?.polling).toMatchObject({ reason: 'This was asked for.' });
  await write('src/main.ts', 'changed');
  await expectChange('src/main.ts');
});

test('looks again and again when the system watches no more folders, and says so', async () => {
  await watch(
    {},
    {
      createWatchers: (options) =>
        new (class extends FolderWatchers {
          override addFolder(folder: string): void {
            super.addFolder(folder);
            if (folder.endsWith('src')) {
              this.close();
              options.onLimit('ENOSPC');
            }
          }
        })(options),
    },
  );
  await expect.poll(() => watcher?.polling?.reason).toMatch(/^The limit of watched folders is reached/);
  await write('src/main.ts', 'changed');
  await expectChange('src/main.ts');
});

test('one watcher is enough where it notices everything below its folder', async () => {
  await watch({}, { createWatchers: (options) => new FolderWatchers({ ...options, isRecursive: true }) });
  await write('src/main.ts', 'changed');
  await expectChange('src/main.ts');
});
