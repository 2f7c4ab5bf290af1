/**
 * Breaks a text at its blanks. @param start what the first line begins with. The others are indented as far.
 * @param columns the most characters of a line. A longer word has a line of its own
 */
export function wrap(text: string, columns: number, start = ''): string[] {
  const indent = ' '.repeat(start.length);
  const lines: string[] = [];
  let line = start;
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
