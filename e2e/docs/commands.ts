/** The commands that pages show. */
import type { CodeBlock } from './pages.ts';

/** Is a name, a registry and a repository. */
const anyValue = 'example.com';

/** A command of Barnraiser, as its arguments. */
export interface ShownCommand {
  readonly at: string;
  readonly words: readonly string[];
}

/** The commands of Barnraiser in a block: those that begin a line, or follow `|`, `&&`, `(`, variables or a program that runs them. */
export function commandsOf({ page, line, text, language }: CodeBlock): ShownCommand[] {
  if (language !== '' && language !== 'sh' && language !== 'yaml') {
    return [];
  }
  const lines = text.replaceAll('\\\n', '').split('\n');
  return lines.flatMap((each, index) =>
    [...each.matchAll(/(?:^|[\s($"'`])barnraiser(?: --)?(?= )/g)].map((match) => ({
      at: `${page}:${line + index + (language === '' ? 0 : 1)}`,
      words: firstCommand(each.slice(match.index + match[0].length)),
    })),
  );
}

/** The words of the first command of a shell line: up to an operator or a comment. A name stands for the values of variables. */
export function firstCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    const isSubstitution = char === '$' && (text[at + 1] === '(' || text[at + 1] === '{');
    if (isSubstitution && quote !== "'") {
      const end = closing(text, at + 1);
      word = (word ?? '') + anyValue;
      at = end;
    } else if (char === '$' && quote !== "'" && /\w/.test(text[at + 1] ?? '')) {
      word = (word ?? '') + anyValue;
      at += /^\w+/.exec(text.slice(at + 1))?.[0].length ?? 0;
    } else if (quote !== '') {
      if (char === quote) {
        quote = '';
      } else {
        word += char;
      }
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (char === '\\') {
      at++;
      word = (word ?? '') + (text[at] ?? '');
    } else if (/[|;&<>)]/.test(char) || (char === '#' && word === undefined)) {
      break;
    } else if (/\s/.test(char)) {
      if (word !== undefined) {
        words.push(word);
      }
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** The position of the bracket that closes the one at `start`. */
function closing(text: string, start: number): number {
  const [open, close] = text[start] === '(' ? ['(', ')'] : ['{', '}'];
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    depth += text[at] === open ? 1 : text[at] === close ? -1 : 0;
    if (depth === 0) {
      return at;
    }
  }
  return text.length - 1;
}
