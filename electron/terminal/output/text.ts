/** Text for a terminal, cleaned of control characters. */
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
