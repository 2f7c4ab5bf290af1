/** Text in columns: padded, and arranged in tables. To load what measures it takes long, so only commands that need it do. */
import stringWidth from 'fast-string-width';
import { cleanPainted } from './text.ts';

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
