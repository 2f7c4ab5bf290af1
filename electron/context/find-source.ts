import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { posix } from 'node:path';
import { closest } from '../../shared/closest.ts';
import { isMissingPath } from '../system/file-errors.ts';
import type { ContextContents } from './contents.ts';
import type { IgnoreRules } from './ignore.ts';
import { compilePattern } from './pattern.ts';

/** Whether an engine finds a path in a context. `unknown` where that depends on more than the path. */
export type SourceState =
  | { readonly kind: 'found' | 'unknown' }
  /** `suggestion`: what is there and was probably meant. */
  | { readonly kind: 'missing'; readonly suggestion?: string }
  /** A pattern matches nothing. */
  | { readonly kind: 'unmatched' }
  | { readonly kind: 'ignored'; readonly file: string; readonly line: number; readonly pattern: string };

/** So many entries of folders are compared with a pattern or a misspelled name. */
const maxEntries = 5_000;
/** What is longer is compared with no other name. */
const maxNameLength = 100;

/** Looks for a path or pattern that a COPY or ADD names in what is sent to the engines. */
export async function findSource(
  { root, rules, mapped }: Pick<ContextContents, 'root' | 'rules' | 'mapped'>,
  source: string,
): Promise<SourceState> {
  const path = posix.normalize(source).replace(/^\//, '').replace(/\/$/, '');
  if (path === '.' || path === '') {
    return { kind: 'found' };
  }
  if (path.startsWith('..') || path.includes('\\')) {
    return { kind: 'unknown' };
  }
  if (mapped.some(({ to }) => to === '' || path === to || path.startsWith(`${to}/`) || to.startsWith(`${path}/`))) {
    return { kind: 'unknown' }; // it may be there, or come from elsewhere
  }
  const isPattern = /[*?[]/.test(path);
  if (isPattern && mapped.length > 0) {
    return { kind: 'unknown' };
  }
  return isPattern ? await findMatch(root, rules, path) : await findPath(root, rules, path);
}

async function findPath(root: string, rules: IgnoreRules, path: string): Promise<SourceState> {
  const names = path.split('/');
  let isFolder = true;
  for (let depth = 1; depth <= names.length; depth++) {
    try {
      const stats = await lstat(`${root}/${names.slice(0, depth).join('/')}`);
      if (!stats.isFile() && !stats.isDirectory()) {
        return { kind: 'unknown' }; // where a link leads is up to the engine
      }
      isFolder = stats.isDirectory();
    } catch (error) {
      if (!isMissingPath(error)) {
        return { kind: 'unknown' };
      }
      const suggestion = await suggestPath(root, rules, names, depth - 1);
      return { kind: 'missing', ...(suggestion === undefined ? {} : { suggestion }) };
    }
  }
  return stateOf(rules, path, isFolder);
}

function stateOf(rules: IgnoreRules, path: string, isFolder: boolean): SourceState {
  const rule = rules.ignoredBy(path);
  if (!rule) {
    return { kind: 'found' };
  }
  const { file } = rules;
  return file === undefined || (isFolder && rules.mayReincludeBelow(path))
    ? { kind: 'unknown' }
    : { kind: 'ignored', file, line: rule.line, pattern: rule.text };
}

/** Looks for paths that match a pattern, folder by folder. */
async function findMatch(root: string, rules: IgnoreRules, pattern: string): Promise<SourceState> {
  let folders = [''];
  let ignored: SourceState | undefined;
  const parts = pattern.split('/');
  let left = maxEntries;
  for (const [depth, part] of parts.entries()) {
    const matcher = compilePattern(part.replaceAll(/\*+/g, '*'));
    const next: string[] = [];
    for (const folder of matcher ? folders : []) {
      for (const entry of await readEntries(root, folder, left)) {
        left -= 1;
        const path = `${folder}${entry.name}`;
        if (!matcher?.matches(entry.name)) {
          continue;
        }
        if (!entry.isFile() && !entry.isDirectory()) {
          return { kind: 'unknown' };
        }
        if (depth < parts.length - 1) {
          next.push(...(entry.isDirectory() ? [`${path}/`] : []));
          continue;
        }
        const state = stateOf(rules, path, entry.isDirectory());
        if (state.kind !== 'ignored') {
          return state;
        }
        ignored ??= state;
      }
    }
    if (!matcher || left <= 0) {
      return { kind: 'unknown' };
    }
    folders = next;
  }
  return ignored ?? { kind: 'unmatched' };
}

/**
 * What was probably meant by a path: one that is spelled like it, otherwise a file of the same name in another folder.
 * @param known how many of its names are there
 */
async function suggestPath(
  root: string,
  rules: IgnoreRules,
  names: readonly string[],
  known: number,
): Promise<string | undefined> {
  return (await suggestSpelling(root, rules, names, known)) ?? (await findByName(root, rules, names.at(-1) ?? ''));
}

async function suggestSpelling(
  root: string,
  rules: IgnoreRules,
  names: readonly string[],
  known: number,
): Promise<string | undefined> {
  let folder = names
    .slice(0, known)
    .map((name) => `${name}/`)
    .join('');
  for (const [index, name] of names.entries()) {
    if (index < known) {
      continue;
    }
    const isLast = index === names.length - 1;
    const entries = await readEntries(root, folder, maxEntries);
    const usable = entries.filter((entry) => isLast || entry.isDirectory()).map((entry) => entry.name);
    const found = usable.includes(name) ? name : name.length > maxNameLength ? undefined : closest(name, usable);
    if (found === undefined) {
      return undefined;
    }
    folder += isLast ? found : `${found}/`;
  }
  return rules.ignores(folder) ? undefined : folder;
}

/** The only path with a name, if there is only one. */
async function findByName(root: string, rules: IgnoreRules, name: string): Promise<string | undefined> {
  const found: string[] = [];
  const folders = [''];
  let left = maxEntries;
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    for (const entry of await readEntries(root, folder, left)) {
      left -= 1;
      const path = `${folder}${entry.name}`;
      if (rules.ignores(path)) {
        continue;
      }
      found.push(...(entry.name === name ? [path] : []));
      folders.push(...(entry.isDirectory() ? [`${path}/`] : []));
    }
    if (left <= 0 || found.length > 1) {
      return undefined;
    }
  }
  return found[0];
}

/** Nothing if the folder cannot be read. @param folder relative, empty or with a slash at its end */
async function readEntries(root: string, folder: string, limit: number): Promise<Dirent[]> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(`${root}/${folder}`)) {
      entries.push(entry);
      if (entries.length >= limit) {
        break;
      }
    }
  } catch {
    // it may be gone, or not be readable: then nothing in it is suggested
  }
  return entries;
}
