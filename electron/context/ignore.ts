import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { fail } from '../../shared/problem.ts';
import type { Containerfile } from './containerfile.ts';
import { compilePattern, type PathPattern } from './pattern.ts';

/** Which paths of a context stay at home. Paths are relative to the context, with forward slashes. */
export interface IgnoreRules {
  /** The ignore file that was read, as an absolute path; undefined where there is none. */
  readonly file?: string;
  /** Its lines for an engine that applies them itself, see {@link enginePatterns}. */
  readonly patterns: readonly string[];
  ignores(path: string): boolean;
  /** Must an ignored folder be walked all the same, because something below it may be taken back by a `!` rule? */
  mayReincludeBelow(folder: string): boolean;
}

interface Rule {
  readonly pattern: PathPattern;
  readonly reinclude: boolean;
}

/**
 * Reads the ignore file that counts for a Containerfile and returns its rules. The Containerfile and the ignore file are never
 * ignored, since engines get both whatever the rules say.
 *
 * Which file counts is buildah's order: `<Containerfile>.dockerignore`, `<Containerfile>.containerignore`, both beside the
 * Containerfile wherever it is, then `.containerignore` and `.dockerignore` at the root of the context.
 *
 * @param root the context as an absolute path
 * @throws Failure `context.ignore-file` for a pattern that engines refuse, naming file and line
 */
export async function loadIgnore(root: string, containerfile: Containerfile): Promise<IgnoreRules> {
  const beside = containerfile.outside ? undefined : containerfile.name;
  const candidates: readonly { path: string; name: string | undefined }[] = [
    { path: `${containerfile.path}.dockerignore`, name: beside && `${beside}.dockerignore` },
    { path: `${containerfile.path}.containerignore`, name: beside && `${beside}.containerignore` },
    { path: `${root}/.containerignore`, name: '.containerignore' },
    { path: `${root}/.dockerignore`, name: '.dockerignore' },
  ];
  for (const { path, name } of candidates) {
    const text = await readIfThere(path);
    if (text !== undefined) {
      const needed = containerfile.outside ? [] : [containerfile.name, ...containerfile.alsoNeeded];
      const always = name === undefined ? needed : [...needed, name];
      return { file: path, ...rulesOf(parseIgnore(text, path), always), patterns: enginePatterns(text) };
    }
  }
  return { ...rulesOf([], []), patterns: enginePatterns('') };
}

/**
 * The rules of an ignore file: a byte order mark is dropped, `#` starts a comment in the first column only, lines are trimmed
 * and cleaned like paths, a leading slash means nothing. Source: moby/patternmatcher/ignorefile.
 */
function parseIgnore(text: string, file: string): Rule[] {
  const rules: Rule[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const trimmed = line.trim();
    if (line.startsWith('#') || trimmed === '') {
      continue;
    }
    const reinclude = trimmed.startsWith('!');
    const cleaned = clean(reinclude ? trimmed.slice(1).trim() : trimmed);
    // an engine takes a "!" that takes nothing back for a mistake
    const pattern = reinclude && (cleaned === '' || cleaned === '/') ? undefined : compilePattern(cleaned);
    if (!pattern) {
      throw fail(
        'context.ignore-file',
        `Line ${index + 1} of ${file} is not a pattern: ${trimmed}`,
        'Close every [ with a ], write a range from low to high, put a name after !, and no \\ at the end; or delete the line.',
      );
    }
    rules.push({ pattern, reinclude });
  }
  return rules;
}

/**
 * The lines of an ignore file as podman splits them before it applies them to each COPY. Never empty: without a pattern podman
 * would look for an ignore file in what it was sent, and from 4.9 on it takes the one at the root before the Containerfile's
 * own. `.` matches nothing. Source: openshift/imagebuilder ParseIgnore, podman's util.ParseDockerignore.
 */
function enginePatterns(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const patterns = lines.map((line) => line.replace(/^\/+|\/+$/g, '')).filter((line) => line.trim() !== '');
  return patterns.length > 0 ? patterns : ['.'];
}

function clean(pattern: string): string {
  if (pattern === '') {
    return '';
  }
  const slashed = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const normal = posix.normalize(slashed);
  return normal.length > 1 ? normal.replace(/\/$/, '').replace(/^\//, '') : normal;
}

/**
 * The last rule that matches a path or one of its parents wins. The matches of each folder are remembered until another folder
 * of the same depth is asked for, so that a walk looks at every folder once.
 */
function rulesOf(
  rules: readonly Rule[],
  always: readonly string[],
): Pick<IgnoreRules, 'ignores' | 'mayReincludeBelow'> {
  const kept = new Set(always);
  const folders: { path: string; matched: readonly boolean[] }[] = [];
  const none: readonly boolean[] = rules.map(() => false);

  function matchesOf(folder: string, depth: number): readonly boolean[] {
    if (folder === '.') {
      return none;
    }
    const known = folders[depth];
    if (known?.path === folder) {
      return known.matched;
    }
    const parent = matchesOf(posix.dirname(folder), depth - 1);
    const matched = rules.map(({ pattern }, index) => parent[index] === true || pattern.matches(folder));
    folders[depth] = { path: folder, matched };
    return matched;
  }

  /** The index of the rule that decides about a path; -1 where none matches. */
  function deciding(path: string): number {
    const folder = posix.dirname(path);
    const parent = matchesOf(folder, folder.split('/').length);
    return rules.findLastIndex(({ pattern }, index) => parent[index] === true || pattern.matches(path));
  }

  return {
    ignores(path) {
      const rule = rules[deciding(path)];
      return rule !== undefined && !rule.reinclude && !kept.has(path);
    },
    mayReincludeBelow(folder) {
      // only a later rule can overrule the one that ignores the folder, which counts for everything below it
      const later = rules.slice(deciding(folder) + 1);
      return (
        later.some(({ pattern, reinclude }) => reinclude && pattern.mayMatchBelow(folder)) ||
        always.some((path) => path.startsWith(`${folder}/`))
      );
    },
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return undefined;
    }
    if (code === 'EISDIR') {
      throw fail(
        'context.ignore-file',
        `${path} is a folder, where engines expect an ignore file.`,
        'Remove or rename the folder.',
      );
    }
    throw fail(
      'context.unreadable',
      `${path} cannot be read (${String(code)}).`,
      `Give yourself permission to read it, for example with chmod u+r '${path}'.`,
      undefined,
      error,
    );
  }
}
