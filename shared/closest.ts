import leven from 'leven';

/**
 * The known name that is closest to a mistyped one, or undefined if none is close. A name with the same letters in
 * another order or case comes first, because swapped letters are the most common typing mistake. Otherwise a third of
 * the letters may differ, without counting words that both begin with: `linux/foo` is not close to `linux/386`.
 */
export function closest(name: string, known: readonly string[]): string | undefined {
  const sorted = sortedLetters(name);
  let best = known.find((candidate) => sortedLetters(candidate) === sorted);
  let bestDistance = best === undefined ? Number.POSITIVE_INFINITY : 0;
  for (const candidate of known) {
    const [mistyped, meant] = withoutCommonWords(name, candidate);
    const maxDistance = Math.min(Math.max(1, Math.floor(mistyped.length / 3)), bestDistance - 1);
    // anything longer is reported as `maxDistance + 1`
    const distance = maxDistance < 1 ? maxDistance + 1 : leven(mistyped, meant, { maxDistance: maxDistance + 1 });
    if (distance <= maxDistance && distance < name.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Two texts without the words that both begin with. Words end with one of `/:._-`. */
function withoutCommonWords(one: string, other: string): [string, string] {
  let start = 0;
  for (let index = 0; index < one.length && one[index] === other[index]; index += 1) {
    if (/[/:._-]/.test(one[index] ?? '')) {
      start = index + 1;
    }
  }
  return [one.slice(start), other.slice(start)];
}

function sortedLetters(name: string): string {
  return [...name.toLowerCase()].sort().join('');
}

/**
 * What to tell a person who gave an unknown name: the closest known name and all known names.
 * @param ifNone what to do if there are none
 */
export function suggestKnownName(name: string, known: readonly string[], ifNone = ''): string {
  if (known.length === 0) {
    return `There are none yet. ${ifNone}`.trim();
  }
  const suggestion = closest(name, known);
  return `${suggestion === undefined ? '' : `Did you mean ${suggestion}? `}Available: ${known.join(', ')}.`;
}
