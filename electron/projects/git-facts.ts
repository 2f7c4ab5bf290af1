/** What the git repository of a project says about it. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { formatList } from '../../shared/format.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { pathInside, standardInput } from '../context/containerfile.ts';
import { type GitAnswer, type GitOptions, runGit } from '../system/git.ts';
import { highestVersion, parseSemanticVersion, pseudoVersion, type SemanticVersion } from './semantic-version.ts';
import { sourceAddress } from './source-address.ts';

/** Submodules beyond these are not looked at: then it is not known whether a project is clean. */
const maxSubmodules = 100;
const maxDepth = 5;

export interface GitFacts {
  /** The top folder of the work tree. */
  readonly root: string;
  /** The path of the project in it, with slashes and without one at the end. Empty for the top folder. */
  readonly prefix: string;
  /** The full name of the commit that is checked out. */
  readonly commit: string;
  /** The time of the commit, in seconds since 1970. */
  readonly seconds: number;
  /** Whether no file of the project differs from the commit, and none is new. */
  readonly isClean: boolean;
  /** The address of the repository, without credentials. */
  readonly source?: string;
  /** The tag of the commit. */
  readonly version?: string;
  /** As Go would call the version of a module here. */
  readonly goVersion: string;
  /** Sentences about what is remarkable, by what they are about. `all`: why a fact is missing or less certain. */
  readonly notes: {
    readonly all: readonly string[];
    readonly source?: string;
    readonly version?: string;
    readonly goVersion?: string;
  };
}

/** Why there are no facts, as a sentence. */
export interface NoGitFacts {
  readonly missing: string;
}

export interface GitProject {
  /** A real path. */
  readonly context: string;
  /** The path of the Containerfile, which may be outside the context. */
  readonly containerfile?: string | undefined;
  /** Whether a path of the context is not sent. New files that are not sent do not make it unclean. */
  readonly ignores?: ((path: string) => boolean) | undefined;
}

type Options = Pick<GitOptions, 'signal' | 'env'>;

/** The top folder of the work tree that a folder is in. @throws the reason of the signal */
export async function findRepository(folder: string, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await runGit(folder, ['rev-parse', '--show-toplevel'], { signal });
  return answer.ok ? answer.output.replace(/\n$/, '') : undefined;
}

/** @throws the reason of the signal */
export async function readGitFacts(project: GitProject, options: Options = {}): Promise<GitFacts | NoGitFacts> {
  const { context } = project;
  const git = (...args: string[]): Promise<GitAnswer> => runGit(context, args, options);
  // the prefix and the root come last, because a path may have line ends
  const found = await git('rev-parse', '--is-shallow-repository', '--show-prefix', '--show-toplevel');
  if (!found.ok) {
    return { missing: whyNoRepository(found, context) };
  }
  const [shallow, prefix = '', root = ''] = found.output.split('\n');
  const [head, tree, branch, tags, configuration] = await Promise.all([
    git('rev-list', '--max-count=1', '--timestamp', 'HEAD'),
    git('rev-parse', '--verify', '--quiet', 'HEAD:./'),
    git('symbolic-ref', '--quiet', '--short', 'HEAD'),
    git('for-each-ref', '--points-at=HEAD', '--format=%(refname:strip=2)', 'refs/tags'),
    readConfiguration(context, options),
  ]);
  const [, seconds, commit] = (head.ok && /^(\d+) ([0-9a-f]{40,64})$/m.exec(head.output)) || [];
  if (commit === undefined) {
    return { missing: head.ok || head.problem !== 'limit' ? 'The repository has no commits yet.' : slowText };
  }
  if (!tree.ok) {
    return {
      missing: `The repository at ${sanitizeLine(root)} does not have the folder ${sanitizeLine(context)} in its commit.`,
    };
  }
  const folder = prefix.replace(/\/$/, '');
  const isClean = await checkClean(project, root, configuration, options, 0);
  const chosen = chooseTag(tags.ok ? tags.output.split('\n').filter(Boolean) : [], folder);
  const go = await findGoVersion(chosen.versions, { folder, commit, seconds: Number(seconds) }, git);
  const source = chooseSource(configuration, branch.ok ? branch.output.trim() : undefined);
  return {
    ...{ root, prefix: folder, commit, seconds: Number(seconds), isClean: isClean === true },
    ...(source.address === undefined ? {} : { source: source.address }),
    ...(chosen.tag === undefined ? {} : { version: chosen.tag }),
    goVersion: isClean === true ? go : `${go}+dirty`,
    notes: {
      all: isClean === true ? [] : [isClean === false ? dirtyText : `${slowText} It counts as changed.`],
      ...(source.note === undefined ? {} : { source: source.note }),
      ...(chosen.note === undefined ? {} : { version: chosen.note }),
      ...(shallow === 'true' && !chosen.versions.some(({ hasPrefix }) => hasPrefix)
        ? { goVersion: 'The clone is shallow: older tags may be missing.' }
        : chosen.note === undefined
          ? {}
          : { goVersion: chosen.note }),
    },
  };
}

export const localRemoteText = 'The remote is a folder, or an address that others cannot use.';
const dirtyText = 'Files of the project differ from the commit.';
const slowText = 'git took too long or printed too much.';

function whyNoRepository({ problem, errors }: Extract<GitAnswer, { ok: false }>, context: string): string {
  if (problem === 'missing') {
    return 'There is no git on this computer.';
  }
  if (problem === 'limit') {
    return slowText;
  }
  if (/dubious ownership|unsafe repository/.test(errors)) {
    // git names the folder that it means, and how to allow it
    const folder = /directory (\S+)$/m.exec(errors)?.[1] ?? context;
    return `git does not read this repository, because it belongs to another user. If you trust it: \`git config --global --add safe.directory ${sanitizeLine(folder)}\`.`;
  }
  return /not a git repository/.test(errors)
    ? 'The project is in no git repository.'
    : `git cannot read the repository: ${sanitizeLine(errors.split('\n')[0] ?? '')}`;
}

interface Setting {
  /** Where it was set: `system`, `global`, `local`, `worktree` or `command`. */
  readonly scope: string;
  readonly key: string;
  readonly value: string;
}

/** The settings that matter here. Undefined if git is too old to say where they come from (before 2.26) or does not answer. */
async function readConfiguration(folder: string, options: Options): Promise<Setting[] | undefined> {
  const pattern = '^(filter\\..*|remote\\..*\\.url|branch\\..*\\.remote)$';
  const answer = await runGit(folder, ['config', '--null', '--show-scope', '--get-regexp', pattern], options);
  if (!answer.ok) {
    // it fails without a message where no setting matches
    return answer.problem === 'failed' && answer.errors === '' ? [] : undefined;
  }
  const parts = answer.output.split('\0');
  return Array.from({ length: Math.floor(parts.length / 2) }, (_, index) => {
    const [scope = '', entry = ''] = parts.slice(index * 2);
    const end = entry.indexOf('\n');
    return { scope, key: end < 0 ? entry : entry.slice(0, end), value: end < 0 ? '' : entry.slice(end + 1) };
  });
}

/**
 * Settings that turn off the filters of a repository, which are programs that git would run on changed files. Filters in the
 * user's own configuration, such as those of Git LFS, stay: without them, every file that they store would look changed.
 * Undefined if one has a name that cannot be turned off.
 */
function localFilterSettings(configuration: readonly Setting[]): string[] | undefined {
  const names = configuration.flatMap(({ scope, key }) =>
    scope === 'system' || scope === 'global' ? [] : (/^filter\.(.*)\.[^.]+$/s.exec(key)?.[1] ?? []),
  );
  return names.some((name) => /[=\n\0]/.test(name))
    ? undefined
    : [...new Set(names)].flatMap((name) =>
        ['clean=', 'smudge=', 'process=', 'required=false'].map((setting) => `filter.${name}.${setting}`),
      );
}

/** Whether the files of a project and of the submodules in it are those of their commits. Undefined if that is not known. */
async function checkClean(
  { context, containerfile, ignores }: GitProject,
  root: string,
  configuration: readonly Setting[] | undefined,
  options: Options,
  depth: number,
): Promise<boolean | undefined> {
  const filters = configuration && localFilterSettings(configuration);
  if (!filters) {
    return undefined;
  }
  const isOutside =
    containerfile !== undefined &&
    containerfile !== standardInput &&
    pathInside(context, containerfile) === undefined &&
    pathInside(root, containerfile) !== undefined;
  const paths = ['.', ...(isOutside ? [containerfile] : [])];
  const status = ['status', '--porcelain', '-z', '--no-renames', `--untracked-files=${ignores ? 'all' : 'normal'}`];
  const [answer, submodules] = await Promise.all([
    // git would look into submodules with their own configuration, so that is done below
    runGit(context, [...status, '--ignore-submodules=dirty', '--', ...paths], { ...options, settings: filters }),
    findSubmodules(context, root, options),
  ]);
  if (!answer.ok || !submodules) {
    return undefined;
  }
  const isIgnored = (entry: string): boolean => {
    const path = entry.startsWith('?? ') ? pathInside(context, join(root, entry.slice(3))) : undefined;
    return path !== undefined && (ignores?.(path) ?? false);
  };
  if (!answer.output.split('\0').every((entry) => entry === '' || isIgnored(entry))) {
    return false;
  }
  if (depth >= maxDepth && submodules.length > 0) {
    return undefined;
  }
  for (const path of submodules) {
    const isClean = await checkClean(
      { context: path },
      path,
      await readConfiguration(path, options),
      options,
      depth + 1,
    );
    if (isClean !== true) {
      return isClean;
    }
  }
  return true;
}

/** The submodules in a folder that are checked out. Undefined if there are too many. */
async function findSubmodules(folder: string, root: string, options: Options): Promise<string[] | undefined> {
  const file = join(root, '.gitmodules');
  if (!(await exists(file))) {
    return [];
  }
  const args = ['config', '--null', '--file', file, '--get-regexp', '^submodule\\..*\\.path$'];
  const answer = await runGit(root, args, options);
  if (!answer.ok) {
    return answer.problem === 'failed' && answer.errors === '' ? [] : undefined;
  }
  const paths = answer.output
    .split('\0')
    .flatMap((entry) => (entry.includes('\n') ? join(root, entry.slice(entry.indexOf('\n') + 1)) : []))
    .filter((path) => path !== folder && pathInside(folder, path) !== undefined);
  if (paths.length > maxSubmodules) {
    return undefined;
  }
  const present = await Promise.all(paths.map((path) => exists(join(path, '.git'))));
  return paths.filter((_, index) => present[index]);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

interface ChosenTag {
  /** What the image's version is. In a subfolder with tags of its own (`api/v1.2.0`): without the folder. */
  readonly tag?: string;
  readonly note?: string;
  /** The versions among the tags. */
  readonly versions: readonly SemanticVersion[];
}

/** The tag that says the version: the highest version, or the only tag. */
function chooseTag(all: readonly string[], folder: string): ChosenTag {
  const own =
    folder === '' ? [] : all.flatMap((tag) => (tag.startsWith(`${folder}/`) ? tag.slice(folder.length + 1) : []));
  const isOwn = own.some((tag) => parseSemanticVersion(tag));
  const tags = isOwn ? own : all;
  const versions = tags.flatMap((tag) => parseSemanticVersion(tag) ?? []);
  const highest = highestVersion(versions);
  const shown = formatList(tags.slice(0, 4).map((tag) => sanitizeLine(tag, 100)));
  if (highest) {
    return {
      tag: highest.text,
      versions,
      ...(tags.length > 1
        ? {
            note: `The commit has ${tags.length} tags (${shown}${tags.length > 4 ? ', …' : ''}): the highest version counts.`,
          }
        : {}),
    };
  }
  const [only] = tags;
  if (only === undefined) {
    return { versions, note: 'The commit has no tag.' };
  }
  // builders would replace a $ in a label
  return tags.length === 1 && /^[\w./+-]{1,128}$/.test(only)
    ? { tag: only, versions }
    : { versions, note: `None of the tags of the commit is a version: ${shown}.` };
}

async function findGoVersion(
  atCommit: readonly SemanticVersion[],
  { folder, commit, seconds }: { readonly folder: string; readonly commit: string; readonly seconds: number },
  git: (...args: string[]) => Promise<GitAnswer>,
): Promise<string> {
  const tag = highestVersion(atCommit.filter(({ hasPrefix }) => hasPrefix));
  if (tag) {
    return tag.text;
  }
  const start = folder === '' || /[*?[\\]/.test(folder) ? '' : `${folder}/`;
  const listed = await git('for-each-ref', '--merged=HEAD', '--format=%(refname:strip=2)', `refs/tags/${start}v[0-9]*`);
  const before = (listed.ok ? listed.output : '')
    .split('\n')
    .flatMap((name) => parseSemanticVersion(name.slice(start.length)) ?? []);
  if (before.length === 0 && start !== '') {
    // a repository with one version for all of its folders
    return findGoVersion([], { folder: '', commit, seconds }, git);
  }
  return pseudoVersion(highestVersion(before), seconds, commit);
}

/** The remote of the branch, else origin, else the only one. */
function chooseSource(
  configuration: readonly Setting[] = [],
  branch: string | undefined,
): { readonly address?: string; readonly note?: string } {
  const remotes = new Map<string, string>();
  for (const { key, value } of configuration) {
    const name = /^remote\.(.*)\.url$/s.exec(key)?.[1];
    if (name !== undefined && !remotes.has(name)) {
      remotes.set(name, value);
    }
  }
  const tracked = configuration.find(({ key }) => key === `branch.${branch}.remote`)?.value;
  const remote =
    remotes.get(tracked ?? '') ?? remotes.get('origin') ?? (remotes.size === 1 ? [...remotes.values()][0] : undefined);
  if (remote === undefined) {
    return {
      note:
        remotes.size === 0
          ? 'The repository has no remote.'
          : 'The repository has several remotes, and none of them is called origin.',
    };
  }
  const address = sourceAddress(remote);
  return address === undefined ? { note: localRemoteText } : { address };
}
