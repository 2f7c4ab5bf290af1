import { stripVTControlCharacters } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes for people, in decimal units as the engines print them, at most seven characters wide: `812 B`, `12.4 MB`, `124 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to 1000
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  // 99.95 would be rounded to 100.0
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${byteUnits[unit] ?? ''}`;
}

/** Milliseconds as a clock shows them: `0:07`, `1:42`, `1:02:03`. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, Math.floor(milliseconds / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = two(total % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`;
}

const spans: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** How long ago a time was: `just now`, `5 minutes ago`, `3 days ago`. @param time ISO 8601 @param now milliseconds since 1970 */
export function formatAgo(time: string, now: number): string {
  const passed = now - Date.parse(time);
  const [name, length] = spans.find(([, span]) => passed >= span) ?? ['', 0];
  if (length === 0) {
    return 'just now';
  }
  const count = Math.floor(passed / length);
  return `${count} ${name}${count === 1 ? '' : 's'} ago`;
}

/** `sha256:` and twelve digits: enough to tell images apart. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

/** `1 platform`, `2 platforms` */
export function count(many: number, thing: string): string {
  return `${many.toLocaleString('en-US')} ${thing}${many === 1 ? '' : 's'}`;
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
