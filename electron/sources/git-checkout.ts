/** Writes the files of a commit, and those of its submodules, into a new folder. */
import { lstat, lutimes, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../shared/failure.ts';
import { type GitSource, parseGitUrl, withoutLogin } from '../../shared/git-url.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { runGit } from './git.ts';
import type { GitRepositories, GitTask } from './git-repository.ts';

/** Submodules in submodules, and all of a project. */
const maxDepth = 8;
const maxSubmodules = 500;

/**
 * The time of every file. git keeps none, and with the time of the checkout, files that are the same in two commits would count as
 * changed. In seconds since 1970: the start of 2000.
 */
const fileTime = 946_684_800;

export interface Checkout {
  readonly repository: string;
  readonly commit: string;
  readonly remote: string;
  /** An empty folder. */
  readonly folder: string;
}

export interface CheckoutOptions extends GitTask {
  readonly repositories: GitRepositories;
  readonly submodules: boolean;
}

/**
 * Links stay links, and no hook and no filter of a repository or of the user runs, so files of Git LFS stay pointers.
 * @throws Failure `source.*`; the reason of the signal
 */
export async function checkOut(checkout: Checkout, options: CheckoutOptions): Promise<void> {
  const { folder } = checkout;
  await writeCommit(checkout, options, 0, { count: 0, indexes: `${folder}.index` });
  await setTimes(folder);
}

interface Total {
  /** Submodules. */
  count: number;
  /** What the paths of indexes begin with: beside the folder, because git follows a link of a repository that has such a name. */
  readonly indexes: string;
}

async function writeCommit(
  { repository, commit, remote, folder }: Checkout,
  options: CheckoutOptions,
  depth: number,
  total: Total,
): Promise<void> {
  const { signal, onProgress } = options;
  const index = `${total.indexes}-${depth}`;
  const run = (args: readonly string[]): Promise<string> =>
    runGit({ args, purpose: 'files', remote, signal, onProgress, env: { GIT_INDEX_FILE: index } });
  const inTree = ['--git-dir', repository, '--work-tree', folder, '-c', 'core.bare=false'];
  try {
    await run([...inTree, '-c', 'core.attributesFile=/dev/null', 'read-tree', '--reset', '-u', commit]);
    if (!options.submodules) {
      return;
    }
    const submodules = await listSubmodules(run, repository, commit, remote);
    total.count += submodules.length;
    if (submodules.length > 0 && (depth >= maxDepth || total.count > maxSubmodules)) {
      throw fail(
        'source.reference',
        `${remote} has too many submodules.`,
        'Add ?submodules=false to the URL to build without them.',
      );
    }
    for (const submodule of submodules) {
      await writeSubmodule(submodule, { folder, options, depth, total });
    }
  } finally {
    await rm(index, { force: true });
  }
}

interface Submodule {
  readonly path: string;
  readonly commit: string;
  readonly source: GitSource;
}

async function writeSubmodule(
  { path, commit, source }: Submodule,
  { folder, options, depth, total }: { folder: string; options: CheckoutOptions; depth: number; total: Total },
): Promise<void> {
  const { repositories, signal, onProgress } = options;
  await assertRealFolders(folder, path);
  // the login of a URL is for its own host only
  const task = { signal, onProgress };
  const { repository } = await repositories.fetch({ remote: source.remote, commit }, task);
  const target = join(folder, path);
  await mkdir(target, { recursive: true });
  const checkout = { repository, commit, remote: source.remote, folder: target };
  await writeCommit(checkout, { ...options, credentials: undefined }, depth + 1, total);
}

/** A tree that was made by hand may name a path that a link of it leads out of the folder. */
async function assertRealFolders(root: string, path: string): Promise<void> {
  const names = path.split('/');
  for (const depth of names.keys()) {
    const stats = await lstat(join(root, ...names.slice(0, depth + 1))).catch(() => undefined);
    if (stats && !stats.isDirectory()) {
      throw fail(
        'source.reference',
        `The submodule ${sanitizeLine(path)} is at the place of a file.`,
        'Repair the repository.',
      );
    }
  }
}

/** The submodules that a commit names, with the commits that it wants of them. */
async function listSubmodules(
  run: (args: readonly string[]) => Promise<string>,
  repository: string,
  commit: string,
  remote: string,
): Promise<Submodule[]> {
  const git = ['--git-dir', repository];
  const blob = `${commit}:.gitmodules`;
  const type = await run([...git, 'ls-tree', '-z', commit, '--', '.gitmodules']);
  if (!/^100\d{3} blob /.test(type)) {
    return [];
  }
  const settings = await run([
    ...git,
    'config',
    '-z',
    '--blob',
    blob,
    '--get-regexp',
    '^submodule\\..*\\.(path|url)$',
  ]).catch(() => '');
  const urls = new Map<string, { path?: string; url?: string }>();
  for (const entry of settings.split('\0')) {
    const [, name = '', key, value = ''] = /^submodule\.(.*)\.(path|url)\n(.*)$/s.exec(entry) ?? [];
    if (key === 'path' || key === 'url') {
      urls.set(name, { ...urls.get(name), [key]: value });
    }
  }
  const byPath = new Map([...urls.values()].map(({ path = '', url = '' }) => [path.replace(/\/$/, ''), url]));
  const tree = await run([...git, 'ls-tree', '-r', '-z', '--full-tree', commit]);
  return tree.split('\0').flatMap((entry) => {
    const [, id, path] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
    const url = path === undefined ? undefined : byPath.get(path);
    return id && path && url ? [{ path, commit: id, source: submoduleSource(remote, path, url) }] : [];
  });
}

/**
 * A submodule comes from a server, and never from a path of this computer.
 * @throws Failure `source.reference`
 */
function submoduleSource(remote: string, path: string, url: string): GitSource {
  const absolute = /^\.\.?\//.test(url) ? resolveUrl(remote, url) : url;
  if (absolute === undefined || !/^(?:https?|ssh|git):\/\/|^[\w-]+@[\w.-]+:/i.test(absolute)) {
    throw fail(
      'source.reference',
      `The submodule ${sanitizeLine(path)} of ${remote} is at ${sanitizeLine(withoutLogin(url))}, from which nothing is fetched.`,
      'Use an https:// or ssh:// URL in .gitmodules, or add ?submodules=false to the URL to build without submodules.',
    );
  }
  const { credentials: _, ...source } = parseGitUrl(absolute.replace(/[?#].*$/s, ''));
  return source;
}

/** As git resolves it: each `../` takes away one part of the remote. */
function resolveUrl(remote: string, relative: string): string | undefined {
  let base = remote.replace(/\/+$/, '');
  let rest = relative;
  for (;;) {
    if (rest.startsWith('./')) {
      rest = rest.slice(2);
    } else if (rest.startsWith('../')) {
      rest = rest.slice(3);
      const shorter = base.replace(/[/:][^/:]+$/, '');
      if (shorter === base || /^[a-z]+:\/?$/i.test(shorter)) {
        return undefined;
      }
      base = shorter;
    } else {
      const isScp = !/:\/\//.test(base) && !base.includes(':');
      return `${base}${isScp ? ':' : '/'}${rest}`;
    }
  }
}

/** Links included, which are not followed. */
async function setTimes(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await setTimes(path);
    }
    await lutimes(path, fileTime, fileTime);
  }
}
