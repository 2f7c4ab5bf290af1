/**
 * Makes text from servers and files safe to show to a person: it cannot control a terminal or a page, hide anything, or change
 * the direction of the text around it.
 */

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what these look for
/** Control sequences of terminals (ECMA-48): colours, titles, links, cursor movements. */
const terminalCommands =
  /\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?|(?:\x1b\[|\x9b)[0-9;:<=>?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g;

/**
 * Characters that have an effect but are not visible: control characters, characters that change the direction of text (U+061C,
 * U+200E, U+202A…, U+2066…), and characters that are drawn as nothing (fillers, word joiners, tags).
 */
export const hiddenCharacters =
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/** More than four combining marks on one letter. Languages need only a few, and a stack of them covers the lines around it. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu;

/** Sanitizes a text and joins it into one line of at most `maxLength` characters. */
export function sanitizeLine(text: string, maxLength = 300): string {
  return shorten(sanitize(text, maxLength).replaceAll(/\s+/g, ' ').trim(), maxLength);
}

/** Sanitizes a text of several lines, at most `maxLength` characters. More than two empty lines in a row become two. */
export function sanitizeText(text: string, maxLength = 4_000): string {
  const lines = sanitize(text, maxLength)
    .replaceAll(/\r\n?|\u2028|\u2029/g, '\n')
    .replaceAll('\t', '    ')
    .replaceAll(/[^\S\n]+$/gm, '')
    .replaceAll(/\n{4,}/g, '\n\n\n')
    .replaceAll(/^\n+|\n+$/g, '');
  return shorten(lines, maxLength);
}

/** Removes what controls a terminal and what has an effect without being visible. Tabs and ends of lines stay. */
export function removeHidden(text: string): string {
  return text.replaceAll(terminalCommands, '').replaceAll(hiddenCharacters, '');
}

/**
 * Makes a command safe to show to a person before it is run: complete and on one line, with hidden characters and unusual spaces
 * written as `\u{202e}`. Nothing is removed, because a shell would run the removed characters, too.
 */
export function escapeHiddenCharacters(text: string): string {
  return text.replaceAll(/(?! )[\p{C}\p{Z}\u115f\u1160\u3164\uffa0]|\p{M}{4,}/gu, (characters) =>
    [...characters].map((character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).join(''),
  );
}

function sanitize(text: string, maxLength: number): string {
  // Removed characters make room for more text, but not all of a huge text is processed for that.
  return text
    .slice(0, maxLength * 8)
    .replaceAll(terminalCommands, '')
    .replaceAll(hiddenCharacters, '\ufffd')
    .replaceAll(stackedMarks, '$1');
}

function shorten(text: string, maxLength: number): string {
  // Half of a surrogate pair would be drawn as a replacement character.
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
