/** One pattern of an ignore file. Paths are relative to the context, with forward slashes and no leading `./`. */
export interface PathPattern {
  /** Does the pattern match this path? The caller applies the result to the path's children. */
  matches(path: string): boolean;
  /** Could the pattern match something below this folder? May wrongly return true, but never wrongly false. */
  mayMatchBelow(folder: string): boolean;
}

/**
 * The patterns that Go's filepath.Match accepts: classes are closed and not empty, `-` is only between two characters, and
 * there is no `\` at the end. Engines refuse an ignore file with any other pattern.
 */
const validPattern = /^(?:\[(?:\^|(?!\^))(?:(?:\\.|[^\\\]-])(?:-(?:\\.|[^\\\]-]))?)+\]|\\.|[^\\[])*$/su;

/**
 * Compiles a normalized pattern. Returns undefined for a pattern that engines refuse.
 *
 * This follows moby/patternmatcher step by step, because engines run the same steps and ignore files depend on their side
 * effects: `*` and `?` stop at a slash but `[^a]` does not, `**` matches any number of folders, `dir/**` does not match the
 * folder itself, and a leading `**` without more wildcards compares the end of the path.
 */
export function compilePattern(pattern: string): PathPattern | undefined {
  if (!validPattern.test(pattern)) {
    return undefined;
  }
  const matches = compileMatcher(pattern);
  return matches ? { matches, mayMatchBelow: belowMatcher(pattern) } : undefined;
}

type Matcher = (path: string) => boolean;

function compileMatcher(pattern: string): Matcher | undefined {
  const characters = Array.from(pattern);
  let expression = '';
  let kind: 'exact' | 'prefix' | 'suffix' | 'expression' = 'exact';
  for (let at = 0; at < characters.length; ) {
    const first = at === 0;
    const character = characters[at++] ?? '';
    if (character === '*' && characters[at] === '*') {
      at += characters[at + 1] === '/' ? 2 : 1;
      if (at < characters.length) {
        expression += '(.*/)?';
        kind = 'expression';
      } else if (kind === 'exact') {
        kind = 'prefix';
      } else {
        expression += '.*';
        kind = 'expression';
      }
      if (first) {
        kind = 'suffix';
      }
    } else if (character === '*') {
      expression += '[^/]*';
      kind = 'expression';
    } else if (character === '?') {
      expression += '[^/]';
      kind = 'expression';
    } else if ('.+()|{}$'.includes(character)) {
      expression += `\\${character}`;
    } else if (character === '\\') {
      expression += `\\${characters[at++] ?? ''}`;
      kind = 'expression';
    } else {
      expression += character;
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
      const compiled = compileGoExpression(`^${expression}$`);
      return compiled && ((path) => compiled.test(path));
    }
  }
}

/** The named classes of Go's regular expressions, as in `[[:digit:]]`. */
const namedClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7F',
  blank: '\\t ',
  cntrl: '\\x00-\\x1F\\x7F',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Translates a Go regular expression to JavaScript. Returns undefined if Go would not compile it. */
function compileGoExpression(source: string): RegExp | undefined {
  let expression = '';
  let inClass = false;
  for (let at = 0; at < source.length; at++) {
    const character = source[at] ?? '';
    if (character === '\\') {
      const escaped = source[++at] ?? '';
      if (/[dDsSwWbBfnrtv]/.test(escaped) || /[\^$\\.*+?()[\]{}|/]/.test(escaped) || (inClass && escaped === '-')) {
        expression += `\\${escaped}`;
      } else if (/[ -~]/.test(escaped) && !/[0-9A-Za-z]/.test(escaped)) {
        expression += escaped;
      } else {
        return undefined;
      }
    } else if (!inClass) {
      inClass = character === '[';
      expression += character === ']' ? '\\]' : character;
    } else if (character === '[') {
      const named = /^\[:(\^?)(\w+):\]/.exec(source.slice(at));
      if (named) {
        const ranges = named[1] ? undefined : namedClasses[named[2] ?? ''];
        if (ranges === undefined) {
          return undefined;
        }
        expression += ranges;
        at += named[0].length - 1;
      } else {
        expression += '\\[';
      }
    } else {
      inClass = character !== ']';
      expression += character;
    }
  }
  try {
    return new RegExp(expression, 'u');
  } catch {
    return undefined; // a range in the wrong order, as in [z-a]
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
