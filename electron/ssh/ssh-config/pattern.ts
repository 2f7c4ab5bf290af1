/**
 * Whether a text matches a pattern with `*` and `?`. Takes at most time text × pattern, without the exponential
 * backtracking of a regular expression: patterns come from files.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let textAt = 0;
  let patternAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    const char = pattern.charAt(patternAt);
    if (char === '*') {
      starAt = patternAt++;
      resumeAt = textAt;
    } else if (char !== '' && (char === '?' || char === text.charAt(textAt))) {
      patternAt++;
      textAt++;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      textAt = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern.charAt(patternAt) === '*') {
    patternAt++;
  }
  return patternAt === pattern.length;
}

/** Whether a text matches one of several comma-separated patterns, and none of those that start with `!`. */
export function matchesList(text: string, patterns: string): boolean {
  let isMatching = false;
  for (const each of patterns.split(',')) {
    const isNegated = each.startsWith('!');
    if (matchesPattern(text, isNegated ? each.slice(1) : each)) {
      if (isNegated) {
        return false;
      }
      isMatching = true;
    }
  }
  return isMatching;
}
