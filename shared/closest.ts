import { closestMatch } from 'leven';

/**
 * The known name that a mistyped one most likely means, or undefined where none is close. The same letters in another order or
 * case come first, since fingers swap letters more often than they make up others; else a third of the letters may be wrong.
 */
export function closest(name: string, known: readonly string[]): string | undefined {
  const wanted = letters(name);
  const maxDistance = Math.max(1, Math.floor(name.length / 3));
  return known.find((candidate) => letters(candidate) === wanted) ?? closestMatch(name, known, { maxDistance });
}

function letters(name: string): string {
  return [...name.toLowerCase()].sort().join('');
}
