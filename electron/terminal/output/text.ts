/** Text for a terminal: cleaned of control characters, cut and padded to columns, arranged in tables. */
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import { hiddenCharacters, removeHidden } from '../../../shared/untrusted-text.ts';

/** `sha256:` and the first twelve digits, enough to tell images apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/**
 * Makes a line from a node safe to print: removes colors, cursor movements and other control sequences, and characters that
 * change the direction of text. Of a line that overwrites itself to show progress, only the last state remains.
 */
export function cleanLine(text: string): string {
  const last = removeHidden(text).trimEnd().split('\r').at(-1) ?? '';
  return last.replaceAll('\t', '    ').replaceAll('\n', ' ');
}

/** The colors of {@link Paint}. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
const colors = /(\u001b\[[\d;]{0,20}m)/;

/** Makes our own, perhaps colored lines safe to print, whatever was put into them: only colors stay. */
export function cleanPainted(text: string): string {
  return text
    .split(colors)
    .map((part, index) => (index % 2 === 1 ? part : removeHidden(part).replaceAll('\r', '')))
    .join('');
}

/** JSON on one line for standard output. Characters that would have an effect on a terminal are escaped as `\uXXXX`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(hiddenCharacters, (characters) =>
    Array.from({ length: characters.length }, (_, index) => {
      const unit = characters.charCodeAt(index).toString(16);
      return `\\u${unit.padStart(4, '0')}`;
    }).join(''),
  );
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
  const lines = [titles, ...rows.map((row) => row.map((cell) => cleanPainted(cell).replaceAll('\n', ' ')))];
  const widths = columns.map((_, index) => Math.max(...lines.map((row) => stringWidth(row[index] ?? ''))));
  return lines.map((row) =>
    columns
      .map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd(),
  );
}
