import { closest } from '../../shared/closest.ts';

/** What to tell a person who named something that is not there: what they most likely meant, and all that is there. */
export function adviseKnown(name: string, known: readonly string[], whenNone: string): string {
  if (known.length === 0) {
    return `There are none yet. ${whenNone}`;
  }
  const meant = closest(name, known);
  return `${meant === undefined ? '' : `Did you mean ${meant}? `}There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.`;
}

/** The first name that a list holds more than once. */
export function firstTwice(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}
