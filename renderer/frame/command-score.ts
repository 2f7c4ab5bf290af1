import type { Command } from '../commands.ts';

/** Words that a search may have and a command lack. */
const fillWords = new Set(['a', 'an', 'the', 'on', 'in', 'of', 'to', 'for', 'with', 'and']);

/** A part of a word in the middle counts as found if it has at least this many characters. */
const minInnerLength = 3;
/** A command that loses data is found by its verb, of which at least this many characters must be typed. */
const minVerbLength = 3;

/** The words of a search: `build ./api on "home farm"` has `build`, `api`, `on`, `home` and `farm`. */
export function searchWords(search: string): readonly string[] {
  return search
    .toLowerCase()
    .split(/[\s"'“”]+/)
    .map((word) => word.replace(/^(\.{1,2}|~)\//, '').replace(/[…?!/]+$/, ''))
    .filter((word) => word !== '');
}

/**
 * How well a command matches the words of a search: from 0, for one that lacks a word, to about 1.2. A word is found at the
 * start of a word of the label, or less well of a keyword. Only a longer part counts in the middle of a word.
 */
export function scoreCommand(
  { label, keywords = [], danger = false }: Pick<Command, 'label' | 'keywords' | 'danger'>,
  words: readonly string[],
): number {
  const text = label.toLowerCase();
  const [first = ''] = words;
  const startsWithVerb = text.startsWith(first);
  const lowerKeywords = keywords.map((keyword) => keyword.toLowerCase());
  const namesVerb = (startsWithVerb && first.length >= minVerbLength) || lowerKeywords.includes(first);
  if (danger && !namesVerb) {
    return 0;
  }
  const scores = words.flatMap((word) => {
    const score = Math.max(scoreWord(text, word), ...lowerKeywords.map((keyword) => 0.8 * scoreWord(keyword, word)));
    return score === 0 && fillWords.has(word) && words.length > 1 ? [] : [score];
  });
  if (scores.length === 0 || scores.includes(0)) {
    return 0;
  }
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  // of two commands that match as well, the one that has fewer other words; what is in parentheses does not count
  const otherWords = text.replace(/ \(.*/, '').split(/\s+/).length;
  return mean + (startsWithVerb ? 0.1 : 0) + 0.05 / otherWords;
}

/** 1 for a whole word, 0.8 for its start, 0.6 for the start of a part of it (`0.2` of `api:0.2`), 0.3 for its middle, else 0. */
function scoreWord(text: string, word: string): number {
  let best = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = at === 0 ? ' ' : (text[at - 1] ?? ' ');
    const after = text[at + word.length] ?? ' ';
    if (/[\s(“]/.test(before)) {
      best = Math.max(best, /[\s…,)”]/.test(after) ? 1 : 0.8);
    } else if (!/[\p{L}\p{N}]/u.test(before)) {
      best = Math.max(best, 0.6);
    } else if (word.length >= minInnerLength) {
      best = Math.max(best, 0.3);
    }
  }
  return best;
}

/**
 * The commands that a search finds, best first. Commands that match equally well stay in their order.
 * @param search with at least one word
 */
export function rankCommands(commands: readonly Command[], search: string): readonly Command[] {
  const words = searchWords(search);
  return commands
    .map((command) => ({ command, score: scoreCommand(command, words) }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score)
    .map(({ command }) => command);
}
