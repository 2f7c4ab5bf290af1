/**
 * How OpenSSH cuts a line of its configuration into words. The package `ssh-config` cuts otherwise (it keeps quotes in lists,
 * knows no `Include`, no escapes and no `Match final`, and takes unknown words), and who reads a file by other rules than
 * ssh connects elsewhere than ssh. Source of both functions: OpenSSH 9.2, misc.c, strdelim() and argv_split().
 */

const blank = ' \t\r\n';

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && blank.includes(text.charAt(at))) {
    at++;
  }
  return at;
}

/** The first word of a text, ended by white space or one `=`, and what follows; undefined where there is none. */
export function takeWord(text: string): { readonly word: string; readonly rest: string } | undefined {
  const end = text.search(/[ \t\r\n"=]/);
  if (end < 0) {
    return text === '' ? undefined : { word: text, rest: '' };
  }
  if (text.charAt(end) === '"') {
    const close = text.indexOf('"', end + 1);
    return close < 0
      ? undefined
      : {
          word: text.slice(0, end) + text.slice(end + 1, close),
          rest: text.slice(skipBlank(text, close + 1)),
        };
  }
  let at = skipBlank(text, end + 1);
  if (text.charAt(end) !== '=' && text.charAt(at) === '=') {
    at = skipBlank(text, at + 1);
  }
  return { word: text.slice(0, end), rest: text.slice(at) };
}

/** The words of an argument list: quoted by `"` or `'`, escaped by `\`, up to a `#`. Undefined where a quote stays open. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = text.charAt(at);
    if (start === ' ' || start === '\t') {
      at++;
      continue;
    }
    if (start === '#') {
      break;
    }
    let word = '';
    let quote = '';
    for (; at < text.length; at++) {
      const char = text.charAt(at);
      const next = text.charAt(at + 1);
      if (char === '\\' && (next === "'" || next === '"' || next === '\\' || (quote === '' && next === ' '))) {
        word += next;
        at++;
      } else if (quote === '' && (char === ' ' || char === '\t')) {
        break;
      } else if (quote === '' && (char === '"' || char === "'")) {
        quote = char;
      } else if (quote !== '' && char === quote) {
        quote = '';
      } else {
        word += char;
      }
    }
    if (quote !== '') {
      return undefined;
    }
    words.push(word);
  }
  return words;
}
