import { type Dirent, lstatSync, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import type { IgnoreRules } from './ignore.ts';
import { Yielder } from './yielder.ts';

/** A file, folder or link in a context. Paths are relative to the context, with forward slashes and no leading `./`. */
export type ContextEntry = {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** When its content last changed, in milliseconds since 1970. */
  readonly modifiedMs: number;
} & (
  | { readonly kind: 'folder' }
  /**
   * `source` is the file's absolute path, `size` its size in bytes at the time of the walk. With a `content`, that is sent
   * instead of what the file contains now.
   */
  | { readonly kind: 'file'; readonly source: string; readonly size: number; readonly content?: Buffer }
  /** `target` is the content of the link. */
  | { readonly kind: 'symlink'; readonly target: string }
  /** The same file as `target`, an earlier entry. */
  | { readonly kind: 'hardlink'; readonly target: string }
);

/** Why a path is not sent: an ignore rule matches it, or it is a socket, a pipe or a device. */
export type ExclusionReason = 'ignored' | 'special';

export interface WalkOptions {
  readonly signal?: AbortSignal;
  /** Called once for each excluded path. Paths below an ignored folder are included only if the folder has to be walked. */
  readonly onExclude?: (path: string, reason: ExclusionReason) => void;
}

/** A folder that is being walked. */
interface FolderVisit {
  readonly path: string;
  readonly children: readonly Dirent[];
  /** Index of the first child that was not inspected yet. */
  nextIndex: number;
  /** Inspected children that were not returned yet, in reverse order. */
  pending: FoundChild[];
  /** Undefined for the context itself. */
  readonly entry: ContextEntry | undefined;
  /** False for an ignored folder until a `!` rule includes something below it. */
  isYielded: boolean;
}

/** How many lstat calls run at once: enough to keep the disk busy, and little memory. */
const maxConcurrentStats = 32;

/**
 * Yields everything in a context that its rules do not ignore: parents before children, names in the same order on every
 * system, symlinks as links, and files with several names once and then as hard links to the first. Holds one folder per level
 * in memory. An ignored folder is yielded only if a later rule includes something below it.
 *
 * @param root the context as an absolute path
 * @throws Failure `context.unreadable` and `context.changed`, naming the file or folder
 */
export async function* walkContext(
  root: string,
  rules: IgnoreRules,
  options: WalkOptions = {},
): AsyncGenerator<ContextEntry> {
  const yielder = new Yielder();
  const firstNames = new Map<string, string>();
  const visits: FolderVisit[] = [await openFolder(root, '', undefined, true)];
  for (let current = visits.at(-1); current; current = visits.at(-1)) {
    options.signal?.throwIfAborted();
    const child = await takeNextChild(current, root, rules, yielder, options);
    if (child === undefined) {
      visits.pop();
      continue;
    }
    const entry = await createEntry(root, child, firstNames);
    if (!child.isIgnored) {
      for (const parent of visits) {
        if (!parent.isYielded && parent.entry) {
          parent.isYielded = true;
          yield parent.entry;
        }
      }
      yield entry;
    }
    if (entry.kind === 'folder') {
      visits.push(await openFolder(root, entry.path, entry, !child.isIgnored));
    }
  }
}

interface FoundChild {
  readonly path: string;
  readonly stats: Stats;
  /** True only for a folder that is walked because of what may be below it. */
  readonly isIgnored: boolean;
}

/** The next child of a folder that is sent or has to be walked. Undefined if there is none left. */
async function takeNextChild(
  visit: FolderVisit,
  root: string,
  rules: IgnoreRules,
  yielder: Yielder,
  options: WalkOptions,
): Promise<FoundChild | undefined> {
  while (visit.pending.length === 0 && visit.nextIndex < visit.children.length) {
    const batch: Candidate[] = [];
    while (batch.length < maxConcurrentStats && visit.nextIndex < visit.children.length) {
      options.signal?.throwIfAborted();
      await yielder.yieldIfDue(); // many rules and a long path take long
      batch.push(...candidate(visit, rules, options));
    }
    const found = await Promise.all(batch.map((each) => inspectChild(root, each, yielder, options)));
    visit.pending = found.filter((child) => child !== undefined).reverse();
  }
  return visit.pending.pop();
}

/** A child that the rules do not leave out. */
type Candidate = Pick<FoundChild, 'path' | 'isIgnored'>;

/** Takes the next child of a folder. Empty if the rules leave it out. */
function candidate(visit: FolderVisit, rules: IgnoreRules, options: WalkOptions): Candidate[] {
  const child = visit.children[visit.nextIndex++];
  if (!child) {
    return [];
  }
  const path = visit.path === '' ? child.name : `${visit.path}/${child.name}`;
  const isIgnored = rules.ignores(path);
  if (isIgnored) {
    options.onExclude?.(path, 'ignored');
    if (!child.isDirectory() || !rules.mayReincludeBelow(path)) {
      return [];
    }
  }
  return [{ path, isIgnored }];
}

async function inspectChild(
  root: string,
  { path, isIgnored }: Candidate,
  yielder: Yielder,
  options: WalkOptions,
): Promise<FoundChild | undefined> {
  const stats = await yielder
    .run(
      () => lstatSync(`${root}/${path}`),
      () => lstat(`${root}/${path}`),
    )
    .catch((error: unknown) => {
      throw readProblem(`${root}/${path}`, error);
    });
  if (!stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
    options.onExclude?.(path, 'special');
    return undefined;
  }
  return { path, stats, isIgnored };
}

async function createEntry(
  root: string,
  { path, stats }: FoundChild,
  firstNames: Map<string, string>,
): Promise<ContextEntry> {
  const source = `${root}/${path}`;
  const common = { path, mode: modeOf(stats), modifiedMs: stats.mtimeMs };
  if (stats.isDirectory()) {
    return { ...common, kind: 'folder' };
  }
  try {
    if (stats.isSymbolicLink()) {
      const target = await readlink(source);
      return { ...common, kind: 'symlink', target: isWindows ? target.replaceAll('\\', '/') : target };
    }
    if (stats.nlink > 1) {
      // As bigints, because an inode number may not fit a double. A mix-up would give a file the content of another.
      const { dev, ino } = await lstat(source, { bigint: true });
      const first = firstNames.get(`${dev}:${ino}`);
      if (first !== undefined) {
        return { ...common, kind: 'hardlink', target: first };
      }
      firstNames.set(`${dev}:${ino}`, path);
    }
  } catch (error) {
    throw readProblem(source, error);
  }
  return { ...common, kind: 'file', source, size: stats.size };
}

async function openFolder(
  root: string,
  path: string,
  entry: ContextEntry | undefined,
  isYielded: boolean,
): Promise<FolderVisit> {
  const folder = path === '' ? root : `${root}/${path}`;
  const children = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (!isYielded) {
      return []; // an ignored folder need not be readable
    }
    throw readProblem(folder, error);
  });
  children.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { path, children, nextIndex: 0, pending: [], entry, isYielded };
}

const isWindows = process.platform === 'win32';

/** Windows has no executable bits, so everything is executable there, as in docker's client. */
export function modeOf(stats: Pick<Stats, 'mode'>): number {
  return isWindows ? 0o755 : stats.mode & 0o7777;
}

/** The problem of a path in a context that could not be read. Returns an unexpected error as it is. */
export function readProblem(path: string, error: unknown): Error {
  const code = errnoCode(error);
  const detail = error instanceof Error ? error.message : undefined;
  if (code === 'ENOENT' && path.includes('\uFFFD')) {
    return fail(
      'context.unreadable',
      `The name of ${path} is not valid UTF-8, so the file cannot be sent.`,
      'Rename it, or ignore it with a pattern that has a ? for each invalid character.',
      detail,
      error,
    );
  }
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    return fail(
      'context.changed',
      `${path} was removed or replaced while the context was being packed.`,
      'Build again when nothing writes to the project folder, or add the changing files to the ignore file.',
      detail,
      error,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EIO' || code === 'EBUSY') {
    return fail(
      'context.unreadable',
      `${path} cannot be read (${code}).`,
      'Give yourself permission to read it, or add it to .dockerignore if the build does not need it.',
      detail,
      error,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
