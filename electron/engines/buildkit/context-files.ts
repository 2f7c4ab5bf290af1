/** The files of a context as BuildKit's file sync wants them. Source: tonistiigi/fsutil, walker.go, followlinks.go, diff.go. */
import { posix } from 'node:path';
import type { ContextFile } from '../../context/context-source.ts';
import { compilePattern } from '../../context/pattern.ts';

/** A link that leads through itself has no end. No system opens a longer path. In characters. */
const maxPathLength = 4096;

/**
 * All files are chosen if choosing among them would take more effort, in characters that are compared: the daemon chooses the
 * paths. More is sent then, and nothing else changes.
 */
const maxEffort = 20_000_000;

/** A file, folder or link as file sync names it. */
export type SyncedFile = Pick<ContextFile, 'path' | 'mode' | 'modifiedMs'> &
  (
    | { readonly kind: 'folder' }
    | { readonly kind: 'symlink'; readonly target: string }
    /**
     * `size` in bytes. `offset` is where the content begins in the tar. With `linkTo`, the file is a hard link to that earlier
     * path.
     */
    | { readonly kind: 'file'; readonly size: number; readonly offset: number; readonly linkTo?: string }
  );

/** All files of a context in the order of file sync, and what is needed to choose some of them. */
export class ContextFiles {
  readonly #files: readonly ContextFile[];
  readonly #byPath: ReadonlyMap<string, ContextFile>;
  readonly #linksByFolder = new Map<string, ContextFile[]>();

  constructor(files: readonly ContextFile[]) {
    const isOrdered = files.every(({ path }, index) => index === 0 || isBefore(files[index - 1]?.path ?? '', path));
    this.#files = isOrdered ? files : files.toSorted((one, other) => (isBefore(one.path, other.path) ? -1 : 1));
    this.#byPath = new Map(files.map((file) => [file.path, file]));
    for (const file of files.filter(({ kind }) => kind === 'symlink')) {
      const folder = posix.dirname(file.path);
      const links = this.#linksByFolder.get(folder);
      if (links) {
        links.push(file);
      } else {
        this.#linksByFolder.set(folder, [file]);
      }
    }
  }

  /**
   * What is at some paths, with what is below them and the folders above them. Links at the paths are followed inside the context.
   * @param followPaths may have wildcards in their names. Without one, all files are chosen
   */
  select(followPaths: readonly string[]): SyncedFile[] {
    const chosen = followPaths.length === 0 ? undefined : this.#follow(followPaths);
    const files = chosen === undefined || chosen.has('.') ? this.#files : this.#below([...chosen]);
    return withEarlierLinks(files, this.#byPath);
  }

  /** The files at the chosen paths and below. */
  #below(chosen: readonly string[]): readonly ContextFile[] {
    const wildcards = chosen.filter(hasWildcard);
    if (wildcards.join('').length * this.#files.length > maxEffort) {
      return this.#files;
    }
    const paths = new Set(chosen);
    const patterns = wildcards.flatMap((path) => compilePattern(path) ?? []);
    const isChosen = (path: string): boolean => paths.has(path) || patterns.some((pattern) => pattern.matches(path));
    const files: ContextFile[] = [];
    /** The folders above the file that were not chosen themselves and not added yet. */
    let above: ContextFile[] = [];
    let inside: string | undefined;
    for (const file of this.#files) {
      const { path } = file;
      above = above.filter((folder) => isInside(path, folder.path));
      inside = inside !== undefined && isInside(path, inside) ? inside : isChosen(path) ? path : undefined;
      if (inside !== undefined) {
        files.push(...above, file);
        above = [];
      } else if (file.kind === 'folder') {
        above.push(file);
      }
    }
    return files;
  }

  /** The paths, with the targets of links on the way to them. */
  #follow(followPaths: readonly string[]): Set<string> {
    const chosen = new Set<string>();
    const seen = new Set<string>();
    const waiting = followPaths.map(insideContext);
    let effort = 0;
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (seen.has(path) || path.length > maxPathLength) {
        continue;
      }
      seen.add(path);
      effort += path.length;
      const names = path.split('/');
      let current = '';
      let targets: readonly string[] = [];
      for (const [depth, name] of names.entries()) {
        current = current === '' ? name : `${current}/${name}`;
        const links = this.#links(current);
        effort += (links.length + 1) * current.length;
        if (effort > maxEffort) {
          return new Set(['.']);
        }
        targets = targetsOf(links, current);
        if (targets.length > 0) {
          const rest = names.slice(depth + 1).join('/');
          waiting.push(...targets.map((target) => insideContext(posix.join(target, rest))));
          break;
        }
      }
      chosen.add(current);
      // a wildcard in the name of a folder may also match a folder beside the links
      if (current !== path) {
        chosen.add(path);
      }
    }
    return chosen;
  }

  /** The links that a path may name: that at the path, or all in a folder if the path has wildcards. */
  #links(path: string): readonly ContextFile[] {
    if (hasWildcard(path)) {
      return this.#linksByFolder.get(posix.dirname(path)) ?? [];
    }
    const file = this.#byPath.get(path);
    return file?.kind === 'symlink' ? [file] : [];
  }
}

/** Where those of some links lead that a path names. */
function targetsOf(links: readonly ContextFile[], path: string): string[] {
  const pattern = links.length > 0 && hasWildcard(path) ? compilePattern(posix.basename(path)) : undefined;
  return links.flatMap((file) =>
    file.kind === 'symlink' && (pattern ? pattern.matches(posix.basename(file.path)) : file.path === path)
      ? [posix.resolve('/', posix.dirname(file.path), file.target)]
      : [],
  );
}

/**
 * Does one path come before another in a walk that sorts the names of each folder by their bytes? A slash counts as less than
 * any character of a name.
 */
export function isBefore(one: string, other: string): boolean {
  const length = Math.min(one.length, other.length);
  for (let index = 0; index < length; index++) {
    const [a, b] = [one.charCodeAt(index), other.charCodeAt(index)];
    if (a !== b) {
      return orderOf(a) < orderOf(b);
    }
  }
  return one.length < other.length;
}

/** The order of the bytes of UTF-8 for the units of UTF-16: characters of two units come last. */
function orderOf(unit: number): number {
  if (unit === 0x2f) {
    return -1;
  }
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * A hard link leads to an earlier path in file sync. The first name of a file that is chosen is the file, and the others are
 * links to it.
 * @param byPath all files
 */
function withEarlierLinks(files: readonly ContextFile[], byPath: ReadonlyMap<string, ContextFile>): SyncedFile[] {
  /** The first chosen name of a file by its first name in the context. */
  const firstNames = new Map<string, string>();
  return files.map((file) => {
    const { path, mode, modifiedMs, kind } = file;
    if (kind === 'folder') {
      return { kind, path, mode, modifiedMs };
    }
    if (kind === 'symlink') {
      return { kind, path, mode, modifiedMs, target: file.target };
    }
    const source = kind === 'file' ? path : file.target;
    const content = byPath.get(source);
    const { size, offset } = content?.kind === 'file' ? content : { size: 0, offset: 0 };
    const first = firstNames.get(source);
    firstNames.set(source, first ?? path);
    return { kind: 'file', path, mode, modifiedMs, size, offset, ...(first === undefined ? {} : { linkTo: first }) };
  });
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder) && path[folder.length] === '/';
}

function insideContext(path: string): string {
  return posix.resolve('/', path).slice(1) || '.';
}

function hasWildcard(path: string): boolean {
  return /[*?[\\]/.test(path);
}
