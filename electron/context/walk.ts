import { isUtf8 } from 'node:buffer';
import { constants, type Dirent, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { fail } from '../../shared/failure.ts';
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
  | ContextFileEntry
  /** `target` is the content of the link. */
  | { readonly kind: 'symlink'; readonly target: string }
  /** The same file as `target`, an earlier entry. */
  | { readonly kind: 'hardlink'; readonly target: string }
);

/** `size` is its size in bytes at the time of the walk. */
export type ContextFileEntry = {
  readonly kind: 'file';
  readonly size: number;
} & (
  | {
      /** The file's absolute path, and what the walk found there. */
      readonly source: string;
      readonly state: FileState;
    }
  /** The content is sent, whatever the file contains now. */
  | { readonly content: Buffer }
);

/**
 * What tells whether a file is another one, or has changed. Times are in milliseconds since 1970, with fractions: a double tells
 * times apart that differ by half a microsecond.
 */
export type FileState = Readonly<Pick<Stats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeMs' | 'ctimeMs'>>;

/** Why a path is not sent: an ignore rule matches it, or it is a socket, a pipe or a device. */
export type ExclusionReason = 'ignored' | 'special';

export interface WalkOptions {
  readonly signal?: Pick<AbortSignal, 'throwIfAborted'>;
  /** Called once for each excluded path. Paths below an ignored folder are included only if the folder has to be walked. */
  readonly onExclude?: (path: string, reason: ExclusionReason) => void;
  /** Called with the absolute path of each folder, just before it is read. */
  readonly onFolder?: (folder: string) => void;
  /** Folders and files from elsewhere. Their files replace those of the context, and folders at the same path are merged. */
  readonly mapped?: readonly MappedFolder[];
}

/** A folder or file from elsewhere that is sent as if it were in the context. */
export interface MappedFolder {
  /** Its absolute path. */
  readonly from: string;
  /** Its path in the context. Empty for the context itself. */
  readonly to: string;
  /** A folder of the context at the same path is left out, not merged. */
  readonly replaces?: boolean;
}

/** A folder that is being walked. */
interface FolderVisit {
  readonly path: string;
  readonly children: readonly Child[];
  /** Index of the first child that was not inspected yet. */
  nextIndex: number;
  /** Inspected children that were not returned yet, in reverse order. */
  pending: FoundChild[];
  /** Undefined for the context itself. */
  readonly entry: ContextEntry | undefined;
  /** False for an ignored folder until a `!` rule includes something below it. */
  isYielded: boolean;
}

/** What is in a folder. */
interface Child {
  readonly name: string;
  /** Where it is. Undefined for a folder above what is mapped that is nowhere else. */
  readonly source: string | undefined;
  readonly isFolder: boolean;
  /** The folders at its path, of which the last replaces files of those before. */
  readonly folders: readonly string[];
}

/** How many lstat calls run at once: enough to keep the disk busy, and little memory. */
const maxConcurrentStats = 32;

/** How many entries are yielded together: an await for each would take as long as to look at the file. */
const batchEntries = 64;

/**
 * Yields everything in a context that its rules do not ignore, some entries at a time: parents before children, names in the
 * same order on every system, symlinks as links, and files with several names once and then as hard links to the first. Holds
 * one folder per level in memory. An ignored folder is yielded only if a later rule includes something below it.
 *
 * @param root the context as an absolute path
 * @throws Failure `context.unreadable` and `context.changed`, naming the file or folder
 */
export async function* walkContext(
  root: string,
  rules: IgnoreRules,
  options: WalkOptions = {},
): AsyncGenerator<ContextEntry[]> {
  const yielder = new Yielder();
  const firstNames = new Map<string, string>();
  const { mapped = [], onFolder } = options;
  const base = [root, ...mapped.flatMap(({ from, to }) => (to === '' ? [from] : []))];
  const visits: FolderVisit[] = [
    await openFolder({ path: '', folders: base, entry: undefined, isYielded: true, mapped, onFolder }, yielder),
  ];
  let found: ContextEntry[] = [];
  for (let current = visits.at(-1); current; current = visits.at(-1)) {
    options.signal?.throwIfAborted();
    if (current.pending.length === 0) {
      await inspectChildren(current, rules, yielder, options);
    }
    const child = current.pending.pop();
    if (child === undefined) {
      visits.pop();
      continue;
    }
    const entry = createEntry(child, firstNames);
    if (!child.isIgnored) {
      for (const parent of visits) {
        if (!parent.isYielded && parent.entry) {
          parent.isYielded = true;
          found.push(parent.entry);
        }
      }
      found.push(entry);
    }
    if (entry.kind === 'folder') {
      const { folders } = child;
      const isYielded = !child.isIgnored;
      visits.push(await openFolder({ path: entry.path, folders, entry, isYielded, mapped, onFolder }, yielder));
    }
    if (found.length >= batchEntries) {
      yield found;
      found = [];
    }
  }
  if (found.length > 0) {
    yield found;
  }
}

interface FoundChild {
  readonly path: string;
  /** Undefined for a folder that is nowhere. */
  readonly source: string | undefined;
  readonly folders: readonly string[];
  readonly stats: Stats | undefined;
  /** True only for a folder that is walked because of what may be below it. */
  readonly isIgnored: boolean;
}

/** Looks at the next children of a folder that are sent or have to be walked. There are none if none is left. */
async function inspectChildren(
  visit: FolderVisit,
  rules: IgnoreRules,
  yielder: Yielder,
  options: WalkOptions,
): Promise<void> {
  while (visit.pending.length === 0 && visit.nextIndex < visit.children.length) {
    const batch: Candidate[] = [];
    while (batch.length < maxConcurrentStats && visit.nextIndex < visit.children.length) {
      options.signal?.throwIfAborted();
      if (yielder.isDue) {
        await yielder.yield(); // many rules and a long path take long
      }
      const next = candidate(visit, rules, options);
      if (next) {
        batch.push(next);
      }
    }
    const found = await yielder.map(
      batch,
      ({ source }) => (source === undefined ? undefined : lookUp(source)),
      async ({ source }) =>
        source === undefined
          ? undefined
          : lstat(source).catch((error: unknown) => {
              throw readProblem(source, error);
            }),
    );
    for (const [index, stats] of found.entries()) {
      const child = batch[index];
      if (!child) {
        continue;
      }
      if (
        !stats ||
        isOfKind(stats, constants.S_IFREG) ||
        isOfKind(stats, constants.S_IFDIR) ||
        isOfKind(stats, constants.S_IFLNK)
      ) {
        visit.pending.push({ ...child, stats });
      } else {
        options.onExclude?.(child.path, 'special');
      }
    }
    visit.pending.reverse();
  }
}

/** A child that the rules do not leave out. */
type Candidate = Omit<FoundChild, 'stats'>;

/** Takes the next child of a folder. Undefined if the rules leave it out. */
function candidate(visit: FolderVisit, rules: IgnoreRules, options: WalkOptions): Candidate | undefined {
  const child = visit.children[visit.nextIndex++];
  if (!child) {
    return undefined;
  }
  const path = visit.path === '' ? child.name : `${visit.path}/${child.name}`;
  const isIgnored = rules.ignores(path);
  if (isIgnored) {
    options.onExclude?.(path, 'ignored');
    if (!child.isFolder || !rules.mayReincludeBelow(path)) {
      return undefined;
    }
  }
  // the replaced name of one file may be the name of another, which would be sent twice
  if (
    child.name.includes('\uFFFD') &&
    [-2, 0].some((at) => visit.children[visit.nextIndex + at]?.name === child.name)
  ) {
    throw invalidNameProblem(path);
  }
  return { path, isIgnored, source: child.source, folders: child.folders };
}

function lookUp(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    throw readProblem(path, error);
  }
}

function isOfKind({ mode }: Stats, kind: number): boolean {
  return (mode & constants.S_IFMT) === kind;
}

function createEntry({ path, source, stats }: FoundChild, firstNames: Map<string, string>): ContextEntry {
  if (source === undefined || !stats) {
    return { kind: 'folder', path, mode: 0o755, modifiedMs: 0 };
  }
  const mode = modeOf(stats);
  const { mtimeMs: modifiedMs } = stats;
  if (isOfKind(stats, constants.S_IFDIR)) {
    return { kind: 'folder', path, mode, modifiedMs };
  }
  try {
    if (isOfKind(stats, constants.S_IFLNK)) {
      const target = readTarget(source);
      return { kind: 'symlink', path, mode, modifiedMs, target: isWindows ? target.replaceAll('\\', '/') : target };
    }
    if (stats.nlink > 1) {
      // As bigints, because an inode number may not fit a double. A mix-up would give a file the content of another.
      const { dev, ino } = lstatSync(source, { bigint: true });
      const first = firstNames.get(`${dev}:${ino}`);
      if (first !== undefined) {
        return { kind: 'hardlink', path, mode, modifiedMs, target: first };
      }
      firstNames.set(`${dev}:${ino}`, path);
    }
  } catch (error) {
    throw readProblem(source, error);
  }
  return { kind: 'file', path, mode, modifiedMs, source, size: stats.size, state: stateOf(stats) };
}

/** The target of a link. */
function readTarget(source: string): string {
  const target = readlinkSync(source);
  if (target.includes('\uFFFD') && !isUtf8(readlinkSync(source, 'buffer'))) {
    throw fail(
      'context.unreadable',
      `The target of the link ${source} is not valid UTF-8, so the link cannot be sent.`,
      'Change the link, or ignore it.',
    );
  }
  return target;
}

/** Only what is needed: there is one for each file. */
export function stateOf({ dev, ino, mode, size, mtimeMs, ctimeMs }: Stats): FileState {
  return { dev, ino, mode, size, mtimeMs, ctimeMs };
}

interface FolderToOpen extends Pick<FolderVisit, 'path' | 'entry' | 'isYielded'> {
  /** Where it is: in the context, and in what is mapped. */
  readonly folders: readonly string[];
  readonly mapped: readonly MappedFolder[];
  readonly onFolder: WalkOptions['onFolder'];
}

async function openFolder(
  { path, folders, entry, isYielded, mapped, onFolder }: FolderToOpen,
  yielder: Yielder,
): Promise<FolderVisit> {
  for (const folder of folders) {
    onFolder?.(folder);
  }
  const listed = await yielder
    .map(
      [...folders],
      (folder) => readdirSync(folder, { withFileTypes: true }),
      (folder) => readdir(folder, { withFileTypes: true }),
    )
    .catch((error: unknown) => {
      if (!isYielded) {
        return []; // an ignored folder need not be readable
      }
      throw readProblem(folders.join(', '), error);
    });
  const children = listed.flatMap((names, index) => names.map((name) => childOf(name, folders[index] ?? '')));
  const all = mapped.length === 0 ? children : withMapped(children, path, mapped);
  const sorted = all.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { path, children: sorted, nextIndex: 0, pending: [], entry, isYielded };
}

function childOf(child: Dirent, folder: string): Child {
  const source = `${folder}/${child.name}`;
  const isFolder = child.isDirectory();
  return { name: child.name, source, isFolder, folders: isFolder ? [source] : [] };
}

/** Adds what is mapped into a folder, and joins what has the same name. */
function withMapped(children: readonly Child[], path: string, mapped: readonly MappedFolder[]): Child[] {
  const added = mapped.flatMap(({ from, to, replaces }): (Child & { readonly replaces?: boolean | undefined })[] => {
    const rest = path === '' ? to : to.startsWith(`${path}/`) ? to.slice(path.length + 1) : '';
    if (rest === '') {
      return [];
    }
    const [name = '', ...below] = rest.split('/');
    const isFolder = below.length > 0 || lookUp(from).isDirectory();
    const source = below.length > 0 ? undefined : from;
    const isReplacing = replaces && below.length === 0;
    return [
      { name, source, isFolder, folders: source !== undefined && isFolder ? [source] : [], replaces: isReplacing },
    ];
  });
  const joined = new Map<string, Child>();
  for (const { replaces, ...child } of [...children.map((each) => ({ ...each, replaces: false })), ...added]) {
    const before = joined.get(child.name);
    const isMerged = before?.isFolder && child.isFolder && !replaces;
    joined.set(child.name, {
      ...child,
      source: child.source ?? (isMerged ? before.source : undefined),
      folders: isMerged ? [...before.folders, ...child.folders] : child.folders,
    });
  }
  return [...joined.values()];
}

const isWindows = process.platform === 'win32';

/** Windows has no executable bits, so everything is executable there, as in docker's client. */
export function modeOf({ mode }: Pick<Stats, 'mode'>): number {
  return isWindows ? 0o755 : mode & 0o7777;
}

function invalidNameProblem(path: string, error?: unknown): Error {
  return fail(
    'context.unreadable',
    `The name of ${path} is not valid UTF-8, so the file cannot be sent.`,
    'Rename it, or ignore it with a pattern that has a ? for each invalid character.',
    error instanceof Error ? error.message : undefined,
    error,
  );
}

/** The problem of a path in a context that could not be read. Returns an unexpected error as it is. */
export function readProblem(path: string, error: unknown): Error {
  const code = errnoCode(error);
  const detail = error instanceof Error ? error.message : undefined;
  if (code === 'ENOENT' && path.includes('\uFFFD')) {
    return invalidNameProblem(path, error);
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
