/** Text for a terminal: cleaned of control characters, cut and padded to columns, arranged in tables. */
import { stripVTControlCharacters } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

/** `sha256:` and the first twelve digits, enough to tell images apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/**
 * OSC, PM, APC, DCS and SOS sequences, such as the one that sets the title of a terminal, up to their end or the end of
 * the line. `stripVTControlCharacters` keeps the text of such a sequence.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters
const stringSequences = /\u001b[\]P^_X][^\u0007\u001b]*(?:\u0007|\u001b\\|$)/g;

/**
 * Makes a line from a node safe to print: removes colors, cursor movements and other control sequences. Of a line that
 * overwrites itself to show progress, only the last state remains.
 */
export function cleanLine(text: string): string {
  const last = stripVTControlCharacters(text.replaceAll(stringSequences, '')).trimEnd().split('\r').at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters
  return last.replaceAll('\t', '    ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}

/** Cuts a text to a width in columns and marks the cut with `…`. Wide characters take two columns. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) {
    return text;
  }
  // a slice that ends in the middle of a wide character is one column too wide
  const [fitting = ''] = [1, 2]
    .map((reserved) => sliceAnsi(text, 0, width - reserved))
    .filter((slice) => stringWidth(slice) < width);
  return width < 1 ? '' : `${fitting}…`;
}

/** Pads a text with spaces to a width in columns. A wider text stays as it is. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'left' ? text + spaces : spaces + text;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Aligns rows in columns below their titles, two spaces apart. Cells may be colored and contain wide characters. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const titles = columns.map(({ title }) => title);
  const lines = [titles, ...rows];
  const widths = columns.map((_, index) => Math.max(...lines.map((row) => stringWidth(row[index] ?? ''))));
  return lines.map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd(),
  );
}
