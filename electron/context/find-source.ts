import { lstat } from 'node:fs/promises';
import { posix } from 'node:path';
import { isMissingPath } from '../system/file-errors.ts';
import type { IgnoreRules } from './ignore.ts';

/** Whether an engine finds a path in a context. `unknown` where that depends on more than the path. */
export type SourceState =
  | { readonly kind: 'found' | 'missing' | 'unknown' }
  | { readonly kind: 'ignored'; readonly file: string; readonly line: number; readonly pattern: string };

/**
 * Looks for a path that a COPY or ADD names, without wildcards and variables, in what is sent to the engines.
 * @param root the context as an absolute path
 */
export async function findSource(root: string, rules: IgnoreRules, source: string): Promise<SourceState> {
  const path = posix.normalize(source).replace(/^\//, '').replace(/\/$/, '');
  if (path === '.' || path === '') {
    return { kind: 'found' };
  }
  if (path.startsWith('..')) {
    return { kind: 'unknown' };
  }
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
      return { kind: isMissingPath(error) ? 'missing' : 'unknown' };
    }
  }
  const rule = rules.ignoredBy(path);
  if (!rule) {
    return { kind: 'found' };
  }
  const { file } = rules;
  return file === undefined || (isFolder && rules.mayReincludeBelow(path))
    ? { kind: 'unknown' }
    : { kind: 'ignored', file, line: rule.line, pattern: rule.text };
}
