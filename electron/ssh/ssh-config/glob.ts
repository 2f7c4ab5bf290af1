import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissingPath } from '../../system/file-errors.ts';
import { pathsOf } from '../../system/system-paths.ts';

/**
 * The paths that match an absolute pattern with `*`, `?` and `[…]`, sorted. Empty where nothing matches. Packages such
 * as `tinyglobby` do not match as glob(3) does, which OpenSSH calls: their `[!a]*` matches hidden files, and they skip
 * links to folders.
 * @throws Error of the file system
 */
export async function glob(pattern: string): Promise<string[]> {
  const { root, parts } = splitPattern(pattern);
  let paths = [root];
  for (const part of parts) {
    paths = (await Promise.all(paths.map((folder) => matchesIn(folder, part)))).flat();
  }
  return paths.sort();
}

/** The root of an absolute pattern, on Windows with the drive or the share, and the parts below it. */
export function splitPattern(
  pattern: string,
  platform: NodeJS.Platform = process.platform,
): { readonly root: string; readonly parts: readonly string[] } {
  const { root } = pathsOf(platform).parse(pattern);
  const separators = platform === 'win32' ? /[\\/]/ : '/';
  return {
    root,
    parts: pattern
      .slice(root.length)
      .split(separators)
      .filter((part) => part !== ''),
  };
}

async function matchesIn(folder: string, part: string): Promise<string[]> {
  if (!/[*?[]/.test(part)) {
    const path = join(folder, part);
    return (await exists(path)) ? [path] : [];
  }
  const matches = matcher(part);
  return (await list(folder)).filter((name) => matches(name)).map((name) => join(folder, name));
}

function matcher(part: string): (name: string) => boolean {
  const source = part
    .replace(/\*+/g, '*')
    .replace(
      /\[([!^]?)(\]?[^\]]+)\]|[.+^${}()|[\]\\*?]/g,
      (char, negation: string | undefined, members: string | undefined) => {
        if (members !== undefined) {
          return `[${negation ? '^' : ''}${members.replace(/[\\\]^[]/g, '\\$&')}]`;
        }
        return char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`;
      },
    );
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.'));
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isMissingPath(error)) {
      return false;
    }
    throw error;
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissingPath(error)) {
      return [];
    }
    throw error;
  }
}
