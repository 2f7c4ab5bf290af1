/** Does a text match a pattern of `*` and `?`? In time text × pattern at most: patterns come from files, and no backtracking piles up. */
export function matchesPattern(text: string, pattern: string): boolean {
  let textAt = 0;
  let patternAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    const wanted = pattern.charAt(patternAt);
    if (wanted === '*') {
      starAt = patternAt++;
      resumeAt = textAt;
    } else if (wanted !== '' && (wanted === '?' || wanted === text.charAt(textAt))) {
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

/** Does a text match one of several patterns with commas between them, and none that a `!` negates? */
export function matchesList(text: string, patterns: string): boolean {
  let found = false;
  for (const each of patterns.split(',')) {
    const negated = each.startsWith('!');
    if (matchesPattern(text, negated ? each.slice(1) : each)) {
      if (negated) {
        return false;
      }
      found = true;
    }
  }
  return found;
}
