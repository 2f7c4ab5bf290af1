/** Finds the page of a problem: by its code, the start of one, or a part of a message. */
import { closest } from '../closest.ts';
import { isProblemCode, type ProblemCode, problemCodes } from '../failure.ts';
import messages from './messages.json' with { type: 'json' };
import { problemTexts } from './texts.ts';

export interface FoundProblem {
  readonly code: ProblemCode;
  /** The message that the text is a part of. Values in it are in braces. */
  readonly message?: string;
}

/** What a message says, and how to go on. */
export interface KnownMessage {
  readonly messages: readonly string[];
  readonly fixes: readonly string[];
}

/** A code that was just added has none before the snapshot is updated. */
const knownMessages: Readonly<Partial<Record<string, readonly KnownMessage[]>>> = messages;

export function messagesOf(code: ProblemCode): readonly KnownMessage[] {
  return knownMessages[code] ?? [];
}

/** Pages that a text may be about, the best first. Empty if there are none. */
export function findProblems(text: string): FoundProblem[] {
  const words = text.trim().toLowerCase();
  if (isProblemCode(words)) {
    return [{ code: words }];
  }
  const inArea = problemCodes.filter((code) => code.startsWith(`${words.replace(/\.$/, '')}.`));
  if (inArea.length > 0) {
    return inArea.map((code) => ({ code }));
  }
  // what looks like a code is a mistyped one
  return /^[a-z-]+\.[a-z-]+$/.test(words) ? [] : findByMessage(text);
}

/** The code that a mistyped one is closest to. */
export function closestCode(text: string): ProblemCode | undefined {
  return closest(text.trim().toLowerCase(), problemCodes) as ProblemCode | undefined;
}

/** Below this share of the words of a text, a message is another one. */
const minScore = 0.7;
/** So many pages are listed. */
const maxFound = 8;
/** The longest text that is looked for, in characters. A message may have names in it, but no log. */
const maxText = 2000;

function findByMessage(text: string): FoundProblem[] {
  const typed = text
    .slice(0, maxText)
    .replace(/^\s*(error|warning|failed|skipped):\s*/i, '')
    .trim();
  const words = wordsOf(typed);
  if (words.length === 0) {
    return [];
  }
  const found = problemCodes.flatMap((code) => {
    const scored = [problemTexts[code].title, ...messagesOf(code).flatMap((each) => each.messages)].map((message) => ({
      code,
      message,
      score: scoreOf(typed, words, message),
    }));
    const [best] = scored.sort((one, other) => other.score - one.score);
    return best && best.score >= minScore ? [best] : [];
  });
  const sorted = found.sort((one, other) => other.score - one.score);
  const [best] = sorted;
  // what is clearly the message leaves no doubt
  return sorted
    .filter(({ score }) => best && (best.score < 2 || score >= 2))
    .slice(0, maxFound)
    .map(({ code, message }) => ({ code, message }));
}

/** From 0 to 1 by the words that both have. 2 and more if the text is a part of the message, or its start with values. */
function scoreOf(typed: string, words: readonly string[], message: string): number {
  const lower = typed.toLowerCase();
  const constant = commonLength(lower, message.toLowerCase().split(/\{[^{}]*\}/));
  if (words.length > 1 && message.toLowerCase().includes(lower)) {
    return 2 + lower.length / message.length;
  }
  if (constant >= minCommon) {
    return 2 + Math.min(1, constant / lower.length);
  }
  const known = new Set(wordsOf(message));
  return words.filter((word) => known.has(word)).length / words.length - 0.001 * known.size;
}

/** So many characters that a text has in common with a message are not random. */
const minCommon = 12;

/**
 * How many characters a text has in common with the constant pieces of a message, in their order. 0 if it lacks one, except that the
 * text may end before the message does.
 */
function commonLength(text: string, pieces: readonly string[]): number {
  let from = 0;
  let length = 0;
  for (const piece of pieces.map((each) => each.trim())) {
    const at = text.indexOf(piece, from);
    if (at < 0) {
      const rest = cutPiece(text, piece, from);
      return rest === 0 ? 0 : length + rest;
    }
    from = at + piece.length;
    length += piece.length;
  }
  return length;
}

/** The length of the start of a piece that a text ends with, if it is more than a word. */
function cutPiece(text: string, piece: string, from: number): number {
  const longest = Math.min(piece.length, text.length - from);
  for (let length = longest; length > 4; length -= 1) {
    if (text.endsWith(piece.slice(0, length))) {
      return length;
    }
  }
  return 0;
}

/** The words that tell messages apart. */
function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return [...new Set(words)].filter((word) => !fillWords.has(word));
}

const fillWords = new Set('the and for not with has its this that from are was node name path error'.split(' '));
