import { closestMatch } from 'leven';

/**
 * The known name that is closest to a mistyped one, or undefined if none is close. A name with the same letters in
 * another order or case comes first, because swapped letters are the most common typing mistake. Otherwise a third of
 * the letters may differ.
 */
export function closest(name: string, known: readonly string[]): string | undefined {
  const sorted = sortedLetters(name);
  const maxDistance = Math.max(1, Math.floor(name.length / 3));
  return known.find((candidate) => sortedLetters(candidate) === sorted) ?? closestMatch(name, known, { maxDistance });
}

function sortedLetters(name: string): string {
  return [...name.toLowerCase()].sort().join('');
}

/**
 * What to tell a person who gave an unknown name: the closest known name and all known names, or `ifNone` if there are
 * none.
 */
export function suggestKnownName(name: string, known: readonly string[], ifNone: string): string {
  if (known.length === 0) {
    return `There are none yet. ${ifNone}`;
  }
  const suggestion = closest(name, known);
  return `${suggestion === undefined ? '' : `Did you mean ${suggestion}? `}Available: ${known.join(', ')}.`;
}
