import { type Dirent, lstatSync, type Stats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';
import type { IgnoreRules } from './ignore.ts';
import { Yielder } from './yielder.ts';

/** One thing in a context. Paths are relative to it, with forward slashes and no leading `./`. */
export type ContextEntry = {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** When its content changed last, in milliseconds since 1970. */
  readonly modifiedMs: number;
} & (
  | { readonly kind: 'folder' }
  /** `source` is the file's absolute path, `size` its bytes when it was looked at. */
  | { readonly kind: 'file'; readonly source: string; readonly size: number }
  /** `target` is what the link says. */
  | { readonly kind: 'symlink'; readonly target: string }
  /** The same file as `target`, an entry that came before. */
  | { readonly kind: 'hardlink'; readonly target: string }
);

/** Why something of a context does not travel: a rule says so, or it is a socket, a pipe or a device. */
export type LeftOut = 'ignored' | 'special';

export interface WalkOptions {
  readonly signal?: AbortSignal;
  /** Told once for everything left out; what is below an ignored folder is not looked at unless it has to be. */
  readonly onLeftOut?: (path: string, why: LeftOut) => void;
}

/** A folder that is being walked. `announced` is false while it is ignored and nothing below it was taken back. */
interface Visit {
  readonly path: string;
  readonly children: readonly Dirent[];
  /** How many of the children were looked at, and those among them that travel and were not yielded yet, last one first. */
  seen: number;
  looked: Found[];
  readonly entry: ContextEntry | undefined;
  announced: boolean;
}

/** So many lstat calls run at once: enough to keep the disk busy, and little memory. */
const statsAtOnce = 32;

/**
 * Everything of a context that its rules let travel: parents before children, names in the same order on every system,
 * symlinks as links, files with several names once and as links to the first. Holds one folder per level in memory.
 *
 * A folder that is ignored comes only when something below it is taken back by a later rule.
 *
 * @param root the context as an absolute path
 * @throws Failure `context.unreadable` and `context.changed`, naming the file or folder
 */
export async function* walkContext(
  root: string,
  rules: IgnoreRules,
  options: WalkOptions = {},
): AsyncGenerator<ContextEntry> {
  const pace = new Yielder();
  const firstNames = new Map<string, string>();
  const visits: Visit[] = [await visit(root, '', undefined, true)];
  for (let current = visits.at(-1); current; current = visits.at(-1)) {
    options.signal?.throwIfAborted();
    const found = await nextOf(current, root, rules, pace, options);
    if (found === undefined) {
      visits.pop();
      continue;
    }
    const entry = await entryOf(root, found, firstNames);
    if (!found.ignored) {
      for (const parent of visits) {
        if (!parent.announced && parent.entry) {
          parent.announced = true;
          yield parent.entry;
        }
      }
      yield entry;
    }
    if (entry.kind === 'folder') {
      visits.push(await visit(root, entry.path, entry, !found.ignored));
    }
  }
}

interface Found {
  readonly path: string;
  readonly stats: Stats;
  /** True for a folder only, which is walked for the sake of what may be below it. */
  readonly ignored: boolean;
}

/** The next child of a folder that travels or has to be walked; undefined when there is none left. */
async function nextOf(
  current: Visit,
  root: string,
  rules: IgnoreRules,
  pace: Yielder,
  options: WalkOptions,
): Promise<Found | undefined> {
  while (current.looked.length === 0 && current.seen < current.children.length) {
    await pace.breathe();
    const batch = current.children.slice(current.seen, current.seen + statsAtOnce);
    current.seen += batch.length;
    const looked = await Promise.all(batch.map((child) => look(root, current.path, child, rules, pace, options)));
    current.looked = looked.filter((found) => found !== undefined).reverse();
  }
  return current.looked.pop();
}

async function look(
  root: string,
  folder: string,
  child: Dirent,
  rules: IgnoreRules,
  pace: Yielder,
  options: WalkOptions,
): Promise<Found | undefined> {
  const path = folder === '' ? child.name : `${folder}/${child.name}`;
  const ignored = rules.ignores(path);
  if (ignored) {
    options.onLeftOut?.(path, 'ignored');
    if (!child.isDirectory() || !rules.mayReincludeBelow(path)) {
      return undefined;
    }
  }
  const stats = await pace
    .do(
      () => lstatSync(`${root}/${path}`),
      () => lstat(`${root}/${path}`),
    )
    .catch((error: unknown) => {
      throw failureAt(`${root}/${path}`, error);
    });
  if (!stats.isFile() && !stats.isDirectory() && !stats.isSymbolicLink()) {
    options.onLeftOut?.(path, 'special');
    return undefined;
  }
  return { path, stats, ignored };
}

async function entryOf(root: string, { path, stats }: Found, firstNames: Map<string, string>): Promise<ContextEntry> {
  const source = `${root}/${path}`;
  const common = { path, mode: modeOf(stats), modifiedMs: stats.mtimeMs };
  if (stats.isDirectory()) {
    return { ...common, kind: 'folder' };
  }
  try {
    if (stats.isSymbolicLink()) {
      const target = await readlink(source);
      return { ...common, kind: 'symlink', target: onWindows ? target.replaceAll('\\', '/') : target };
    }
    if (stats.nlink > 1) {
      // as bigints: an inode number may not fit a double, and a mix-up would give a file the content of another
      const { dev, ino } = await lstat(source, { bigint: true });
      const first = firstNames.get(`${dev}:${ino}`);
      if (first !== undefined) {
        return { ...common, kind: 'hardlink', target: first };
      }
      firstNames.set(`${dev}:${ino}`, path);
    }
  } catch (error) {
    throw failureAt(source, error);
  }
  return { ...common, kind: 'file', source, size: stats.size };
}

async function visit(root: string, path: string, entry: ContextEntry | undefined, announced: boolean): Promise<Visit> {
  const folder = path === '' ? root : `${root}/${path}`;
  const children = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (!announced) {
      return []; // an ignored folder is nobody's concern
    }
    throw failureAt(folder, error);
  });
  children.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { path, children, seen: 0, looked: [], entry, announced };
}

const onWindows = process.platform === 'win32';

/** Windows knows no executable bits: everything may be run there, as docker's client has it. */
function modeOf(stats: Stats): number {
  return onWindows ? 0o755 : stats.mode & 0o7777;
}

/** What reading a path of a context failed with, as a sentence. */
export function failureAt(path: string, error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const detail = error instanceof Error ? error.message : undefined;
  if (code === 'ENOENT' && path.includes('\uFFFD')) {
    return fail(
      'context.unreadable',
      `The name of ${path} is not valid UTF-8, so it cannot be sent.`,
      'Rename it, or ignore it by a pattern with ? in place of the broken letters.',
      detail,
      error,
    );
  }
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    return fail(
      'context.changed',
      `${path} was removed or replaced while the context was being packed.`,
      'Build again when nothing is writing to the project folder, or add what changes to the ignore file.',
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
