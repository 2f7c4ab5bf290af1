/**
 * Text that a server or a file made up, as it may be shown to a person: nothing in it acts on a terminal or a page, nothing
 * hides, and nothing turns the text around it.
 */

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what these look for
/** Commands to a terminal: colours, titles, links, movements of the cursor. Written after ECMA-48. */
const commands =
  /\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?|(?:\x1b\[|\x9b)[0-9;:<=>?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/**
 * Signs that act and are not seen: controls, those that turn the direction of text (U+061C, U+200E, U+202A…, U+2066…), and
 * those that are drawn as nothing at all (fillers, joiners of words, tags).
 */
const acting =
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/** Marks above and below a letter: a few are a language's, a tower of them covers the lines around. */
const towers = /(\p{M}{4})\p{M}+/gu;

/** In one line of at most `most` characters. */
export function foreignLine(text: string, most = 300): string {
  return shorten(harmless(text, most).replaceAll(/\s+/g, ' ').trim(), most);
}

/** With its lines, at most `most` characters; more than two empty lines on end are two. */
export function foreignLines(text: string, most = 4_000): string {
  const lines = harmless(text, most)
    .replaceAll(/\r\n?|\u2028|\u2029/g, '\n')
    .replaceAll('\t', '    ')
    .replaceAll(/[^\S\n]+$/gm, '')
    .replaceAll(/\n{4,}/g, '\n\n\n')
    .replaceAll(/^\n+|\n+$/g, '');
  return shorten(lines, most);
}

/**
 * A command as a person must see it before it is run: whole and on one line, with what acts, hides or only looks like a space written
 * as `\u{202e}`. Here nothing is taken out, since a shell would run that too.
 */
export function foreignCommand(text: string): string {
  return text.replaceAll(/(?! )[\p{C}\p{Z}\u115f\u1160\u3164\uffa0]|\p{M}{4,}/gu, (found) =>
    [...found].map((sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`).join(''),
  );
}

function harmless(text: string, most: number): string {
  // what is taken out leaves room for more, but a text without end is not worth looking at
  return text
    .slice(0, most * 8)
    .replaceAll(commands, '')
    .replaceAll(acting, '\ufffd')
    .replaceAll(towers, '$1');
}

function shorten(text: string, most: number): string {
  // half of a surrogate pair would be drawn as something that nobody wrote
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
