/** Splits what follows the keyword of an instruction, as engines do. */

/** Of an instruction with more, only these are looked at. */
const maxWords = 2_000;

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** Undefined without a `=`. */
  readonly value: string | undefined;
}

export interface Arguments {
  readonly flags: readonly Flag[];
  /** What follows the flags. */
  readonly text: string;
}

/** Quotes and escapes are removed from flags, and from nothing else. */
export function readArguments(rest: string, escapeCharacter: string): Arguments {
  const flags: Flag[] = [];
  let at = 0;
  while (rest.startsWith('--', at) && flags.length < maxWords) {
    const { word, end } = readFlag(rest, at, escapeCharacter);
    at = end;
    if (word === '--') {
      break;
    }
    const equals = word.indexOf('=');
    flags.push(
      equals < 0
        ? { name: word.slice(2), value: undefined }
        : { name: word.slice(2, equals), value: word.slice(equals + 1) },
    );
  }
  return { flags, text: rest.slice(at).trim() };
}

function readFlag(text: string, start: number, escapeCharacter: string): { word: string; end: number } {
  const parts: string[] = [];
  let quote: string | undefined;
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === undefined && /\s/.test(character)) {
      break;
    }
    if (character === escapeCharacter) {
      parts.push(text[++at] ?? '');
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
    } else {
      parts.push(character);
    }
  }
  for (; at < text.length && /\s/.test(text[at] ?? ''); ) {
    at++;
  }
  return { word: parts.join(''), end: at };
}

export function flagValue({ flags }: Arguments, name: string): string | undefined {
  return flags.find((flag) => flag.name === name)?.value;
}

/** The texts of a JSON list. `mixed` for a list with anything else in it, undefined for what is not a list. */
export function jsonList(text: string): string[] | 'mixed' | undefined {
  if (!text.startsWith('[')) {
    return undefined;
  }
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((each) => typeof each === 'string') ? list : 'mixed';
  } catch {
    return undefined;
  }
}

/** The words of a JSON list, or those between blanks. */
export function listWords(text: string): string[] {
  const list = jsonList(text);
  return (Array.isArray(list) ? list : splitWords(text)).slice(-maxWords);
}

export function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Words of `A=b "C=d e"` with their quotes: a blank inside quotes or behind an escape splits nothing. */
export function pairWords(text: string, escapeCharacter: string): string[] {
  const words: string[] = [];
  let start: number | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === undefined && /\s/.test(character)) {
      if (start !== undefined) {
        words.push(text.slice(start, at));
      }
      start = undefined;
      continue;
    }
    start ??= at;
    if (character === escapeCharacter && quote !== "'") {
      at++;
    } else if (character === quote) {
      quote = undefined;
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
    }
  }
  return start === undefined ? words : [...words, text.slice(start)];
}

/** The pairs of ENV and LABEL. `isLegacy`: name and value are separated by a blank, as in `ENV NAME value`. */
export function readPairs(text: string, escapeCharacter: string): { isLegacy: boolean; pairs: Pair[] } {
  const words = pairWords(text, escapeCharacter);
  if (words[0]?.includes('=')) {
    return { isLegacy: false, pairs: words.slice(0, maxWords).map(splitPair) };
  }
  const [key = ''] = /^\S*/.exec(text) ?? [];
  return { isLegacy: true, pairs: [{ key, value: text.slice(key.length).trim() }] };
}

function splitPair(word: string): Pair {
  const equals = word.indexOf('=');
  return equals < 0 ? { key: word, value: '' } : { key: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** The declarations of an ARG, with their quotes. */
export function readDeclarations(text: string, escapeCharacter: string): { key: string; value: string | undefined }[] {
  return pairWords(text, escapeCharacter)
    .slice(0, maxWords)
    .map((word) => ({
      key: splitPair(word).key,
      value: word.includes('=') ? splitPair(word).value : undefined,
    }));
}
