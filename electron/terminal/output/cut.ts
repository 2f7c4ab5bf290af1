import stringWidth from 'fast-string-width';
import sliceAnsi from 'slice-ansi';

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
