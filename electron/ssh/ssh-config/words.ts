/**
 * Splits a line of an SSH configuration into words as OpenSSH does, so that Barnraiser connects to the same hosts as
 * ssh. The npm package `ssh-config` splits differently (it keeps quotes in lists), supports no `Include`, no escapes
 * and no `Match final`, and accepts unknown keywords. Source of both functions: OpenSSH 9.2, misc.c, strdelim() and
 * argv_split().
 */

const blank = ' \t\r\n';

function skipBlank(text: string, start: number): number {
  let index = start;
  while (index < text.length && blank.includes(text.charAt(index))) {
    index++;
  }
  return index;
}

/**
 * Takes the first word of a text, which ends at white space or one `=`. Undefined where there is no word or a quote is
 * not closed.
 */
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

/**
 * Splits an argument list with `"` and `'` quotes and `\` escapes, up to a `#`. Undefined where a quote is not closed.
 */
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
