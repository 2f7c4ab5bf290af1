import { posix } from 'node:path';
import { fail } from '../../shared/failure.ts';
import { type Containerfile, standardInput } from './containerfile.ts';
import { compilePattern, type PathPattern } from './pattern.ts';
import { readProjectFile } from './project-file.ts';

/** What rules are made of. */
export interface IgnoreSource {
  /** The absolute path of the ignore file; undefined if there is none. */
  readonly file?: string;
  /** What it says. */
  readonly text: string;
  /** Paths that are sent whatever it says. */
  readonly neverIgnored: readonly string[];
}

/** Which paths of a context are not sent. Paths are relative to the context, with forward slashes. */
export interface IgnoreRules extends Pick<IgnoreSource, 'file'> {
  readonly source: IgnoreSource;
  /** Its lines for an engine that applies them itself. See {@link enginePatterns}. */
  readonly patterns: readonly string[];
  ignores(path: string): boolean;
  /** The line of the file that ignores a path. */
  ignoredBy(path: string): { readonly line: number; readonly text: string } | undefined;
  /** Must an ignored folder be walked because a `!` rule may include something below it again? */
  mayReincludeBelow(folder: string): boolean;
}

/** The ignore files at the root of a context, in the order in which they are looked for. */
export const rootIgnoreFiles = ['.containerignore', '.dockerignore'] as const;

interface Rule {
  readonly pattern: PathPattern;
  /** Its line in the ignore file, counted from 1, and what that says. */
  readonly line: number;
  readonly text: string;
  /** A `!` rule, which includes again what an earlier rule ignores. */
  readonly isException: boolean;
}

const noContainerfile = { path: standardInput, name: '', isOutside: true };

/**
 * Reads the ignore file that applies to a Containerfile, or to a folder without one. The Containerfile and the ignore file are never ignored, because
 * engines get both whatever the rules say.
 *
 * The first file that exists applies, in buildah's order: `<Containerfile>.dockerignore` and `<Containerfile>.containerignore`
 * beside the Containerfile, wherever it is, then `.containerignore` and `.dockerignore` at the root of the context.
 *
 * @param root the context as an absolute path
 * @throws Failure `context.ignore-file` for a pattern that engines refuse, with file and line; `context.unreadable`
 */
export async function loadIgnoreRules(root: string, containerfile: Containerfile | undefined): Promise<IgnoreRules> {
  const { path: containerfilePath, name: containerfileName, isOutside } = containerfile ?? noContainerfile;
  const beside = (suffix: string) => ({
    path: `${containerfilePath}${suffix}`,
    name: isOutside ? undefined : `${containerfileName}${suffix}`,
  });
  const candidates: readonly { path: string; name: string | undefined }[] = [
    ...(containerfilePath === standardInput ? [] : [beside('.dockerignore'), beside('.containerignore')]),
    ...rootIgnoreFiles.map((name) => ({ path: `${root}/${name}`, name })),
  ];
  for (const { path, name } of candidates) {
    const content = await readProjectFile(path, 'ignore-file');
    if (content !== undefined) {
      const ignoreFile = containerfile && name !== undefined ? [name] : [];
      const neverIgnored = [...(isOutside ? [] : [containerfileName]), ...ignoreFile];
      return createIgnoreRules({ file: path, text: content.toString('utf8'), neverIgnored });
    }
  }
  return createIgnoreRules({ text: '', neverIgnored: [] });
}

/** @throws Failure `context.ignore-file` */
export function createIgnoreRules(source: IgnoreSource): IgnoreRules {
  const { file, text, neverIgnored } = source;
  return {
    ...(file === undefined ? {} : { file }),
    source,
    ...createMatchers(parseIgnoreFile(text, file ?? ''), neverIgnored),
    patterns: enginePatterns(text),
  };
}

/**
 * Parses an ignore file: a byte order mark is dropped, `#` starts a comment in the first column only, lines are trimmed and
 * normalized like paths, and a leading slash is ignored. Source: moby/patternmatcher/ignorefile.
 */
function parseIgnoreFile(text: string, file: string): Rule[] {
  const rules: Rule[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const trimmed = line.trim();
    if (line.startsWith('#') || trimmed === '') {
      continue;
    }
    const isException = trimmed.startsWith('!');
    const normalized = normalizePattern(isException ? trimmed.slice(1).trim() : trimmed);
    // Engines refuse a "!" without a pattern.
    const pattern = isException && (normalized === '' || normalized === '/') ? undefined : compilePattern(normalized);
    if (!pattern) {
      throw fail(
        'context.ignore-file',
        `Line ${index + 1} of ${file} is not a valid pattern: ${trimmed}`,
        'Close every [ with a ], write ranges from low to high, put a pattern after !, and do not end with \\. Or remove the line.',
      );
    }
    rules.push({ pattern, isException, line: index + 1, text: trimmed });
  }
  return rules;
}

/** The line of an ignore file that ignores a path. What cannot be written in one is a `?`. */
export function patternFor(path: string): string {
  const pattern = path.replaceAll(/[*?[\]\\\r\n]|^\s|\s$/gu, '?');
  return /^[!#]/.test(pattern) ? `/${pattern}` : pattern;
}

/**
 * The lines of an ignore file as podman splits them before it applies them to each COPY. Never empty: without a pattern, podman
 * looks for an ignore file in the context, and from 4.9 on it prefers the one at the root to the one beside the Containerfile.
 * `.` matches nothing. Source: openshift/imagebuilder ParseIgnore, podman's util.ParseDockerignore.
 */
function enginePatterns(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const patterns = lines.map(withoutOuterSlashes).filter((line) => line.trim() !== '');
  return patterns.length > 0 ? patterns : ['.'];
}

/** A regular expression would try each slash of a long row as the first of the end. */
function withoutOuterSlashes(line: string): string {
  let start = 0;
  let end = line.length;
  while (line[start] === '/') {
    start++;
  }
  while (end > start && line[end - 1] === '/') {
    end--;
  }
  return line.slice(start, end);
}

function normalizePattern(pattern: string): string {
  if (pattern === '') {
    return '';
  }
  const slashed = process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
  const normal = posix.normalize(slashed);
  return normal.length > 1 ? normal.replace(/\/$/, '').replace(/^\//, '') : normal;
}

/**
 * The last rule that matches a path or one of its parents decides. The matches of a folder are cached until another folder of
 * the same depth is checked, so a walk matches every folder once.
 */
function createMatchers(
  rules: readonly Rule[],
  neverIgnored: readonly string[],
): Pick<IgnoreRules, 'ignores' | 'ignoredBy' | 'mayReincludeBelow'> {
  const neverIgnoredPaths = new Set(neverIgnored);
  const folders: { path: string; matched: readonly boolean[] }[] = [];
  const noMatches: readonly boolean[] = rules.map(() => false);

  function matchesOfFolder(folder: string, depth: number): readonly boolean[] {
    if (folder === '.') {
      return noMatches;
    }
    const known = folders[depth];
    if (known?.path === folder) {
      return known.matched;
    }
    const parent = matchesOfFolder(posix.dirname(folder), depth - 1);
    const matched = rules.map(({ pattern }, index) => parent[index] === true || pattern.matches(folder));
    folders[depth] = { path: folder, matched };
    return matched;
  }

  /** The index of the rule that decides about a path; -1 if none matches. */
  function decidingRuleIndex(path: string): number {
    const folder = posix.dirname(path);
    const parent = matchesOfFolder(folder, folder.split('/').length);
    return rules.findLastIndex(({ pattern }, index) => parent[index] === true || pattern.matches(path));
  }

  /** The rule that ignores a path. */
  function ignoringRule(path: string): Rule | undefined {
    const rule = rules[decidingRuleIndex(path)];
    return rule?.isException || neverIgnoredPaths.has(path) ? undefined : rule;
  }

  return {
    ignores: (path) => ignoringRule(path) !== undefined,
    ignoredBy: ignoringRule,
    mayReincludeBelow(folder) {
      // The rule that ignores the folder applies to everything below it. Only a later rule can override it.
      const later = rules.slice(decidingRuleIndex(folder) + 1);
      return (
        later.some(({ pattern, isException }) => isException && pattern.mayMatchBelow(folder)) ||
        neverIgnored.some((path) => path.startsWith(`${folder}/`))
      );
    },
  };
}
