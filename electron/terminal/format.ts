import { stripVTControlCharacters } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** `sha256:` and twelve digits: enough to tell images apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/** What sets a terminal's title and the like, to its end or that of the line. Node leaves its text standing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const systemCommands = /\u001b[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\|$)/g;

/**
 * A line that came from a node, safe to print: a build's output may hold colours, cursor movements and worse, and progress that
 * overwrites itself, of which only the last state is kept.
 */
export function cleanLine(text: string): string {
  const last = stripVTControlCharacters(text.replaceAll(systemCommands, '')).trimEnd().split('\r').at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return last.replaceAll('\t', '    ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}

/** Cuts a text to a width in columns of a terminal, where wide characters take two, and marks the cut with `…`. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) {
    return text;
  }
  // a slice may be one column too wide, where it ends in the middle of a wide character
  const [fitting = ''] = [1, 2]
    .map((mark) => sliceAnsi(text, 0, width - mark))
    .filter((slice) => stringWidth(slice) < width);
  return width < 1 ? '' : `${fitting}…`;
}

/** Fills a text with blanks to a width in columns. A longer one stays as it is. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + blanks : blanks + text;
}
