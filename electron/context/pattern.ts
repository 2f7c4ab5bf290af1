import { PathMatcher } from './path-matcher.ts';

/** One pattern of an ignore file. Paths are relative to the context, with forward slashes and no leading `./`. */
export interface PathPattern {
  /** Does the pattern match this path? The caller applies the result to the path's children. */
  matches(path: string): boolean;
  /** Could the pattern match something below this folder? May wrongly return true, but never wrongly false. */
  mayMatchBelow(folder: string): boolean;
}

/**
 * Compiles a normalized pattern. Returns undefined for a pattern that engines refuse. Matching takes time in proportion to the
 * lengths of pattern and path, whatever they are.
 *
 * This follows moby/patternmatcher step by step, because engines run the same steps and ignore files depend on their side
 * effects: `*` and `?` stop at a slash but `[^a]` does not, `**` matches any number of folders, `dir/**` does not match the
 * folder itself, and a leading `**` without more wildcards compares the end of the path.
 */
export function compilePattern(pattern: string): PathPattern | undefined {
  if (!isValidForGo(pattern)) {
    return undefined;
  }
  const matches = compileMatcher(pattern);
  return matches ? { matches, mayMatchBelow: belowMatcher(pattern) } : undefined;
}

/**
 * Whether Go's filepath.Match accepts a pattern: classes are closed and not empty, `-` is only between two characters, and there
 * is no `\` at the end. Engines refuse an ignore file with any other pattern.
 */
function isValidForGo(pattern: string): boolean {
  let at = 0;
  function skipClassCharacter(): boolean {
    if (pattern[at] === '\\') {
      at++;
    } else if (pattern[at] === '-' || pattern[at] === ']') {
      return false;
    }
    return at++ < pattern.length;
  }
  while (at < pattern.length) {
    const character = pattern[at++];
    if (character === '\\' && at++ >= pattern.length) {
      return false;
    }
    if (character !== '[') {
      continue;
    }
    at += pattern[at] === '^' ? 1 : 0;
    do {
      if (!skipClassCharacter()) {
        return false;
      }
      if (pattern[at] === '-') {
        at++;
        if (!skipClassCharacter()) {
          return false;
        }
      }
    } while (pattern[at] !== ']');
    at++;
  }
  return true;
}

type Matcher = (path: string) => boolean;

function compileMatcher(pattern: string): Matcher | undefined {
  const characters = Array.from(pattern);
  const expression: string[] = [];
  let kind: 'exact' | 'prefix' | 'suffix' | 'expression' = 'exact';
  for (let at = 0; at < characters.length; ) {
    const first = at === 0;
    const character = characters[at++] ?? '';
    if (character === '*' && characters[at] === '*') {
      at += characters[at + 1] === '/' ? 2 : 1;
      if (at < characters.length) {
        expression.push('(.*/)?');
        kind = 'expression';
      } else if (kind === 'exact') {
        kind = 'prefix';
      } else {
        expression.push('.*');
        kind = 'expression';
      }
      if (first) {
        kind = 'suffix';
      }
    } else if (character === '*') {
      expression.push('[^/]*');
      kind = 'expression';
    } else if (character === '?') {
      expression.push('[^/]');
      kind = 'expression';
    } else if ('.+()|{}$'.includes(character)) {
      expression.push('\\', character);
    } else if (character === '\\') {
      expression.push('\\', characters[at++] ?? '');
      kind = 'expression';
    } else {
      expression.push(character);
      if (character === '[' || character === ']') {
        kind = 'expression';
      }
    }
  }
  switch (kind) {
    case 'exact':
      return (path) => path === pattern;
    case 'prefix': {
      const prefix = pattern.slice(0, -2);
      return (path) => path.startsWith(prefix);
    }
    case 'suffix': {
      const suffix = pattern.slice(2);
      return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
    }
    case 'expression': {
      const matcher = PathMatcher.compile(expression.join(''));
      return matcher && ((path) => matcher.matches(path));
    }
  }
}

/**
 * Compares a pattern with a folder, segment by segment. From a segment with `**`, a class or an escape on, the pattern may
 * match across slashes, so it may match anything below.
 */
function belowMatcher(pattern: string): Matcher {
  const segments = pattern.split('/').map((segment) => {
    if (segment.includes('**') || /[[\]\\^]/.test(segment)) {
      return 'anything' as const;
    }
    if (!/[*?]/.test(segment)) {
      return (name: string) => name === segment;
    }
    return compileMatcher(segment) ?? ('anything' as const);
  });
  return (folder) => {
    const names = folder.split('/');
    for (const [depth, name] of names.entries()) {
      const segment = segments[depth];
      if (segment === 'anything') {
        return true;
      }
      if (!segment?.(name)) {
        return false;
      }
    }
    return segments.length > names.length;
  };
}
