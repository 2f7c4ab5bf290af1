/** Characters that Markdown would take for a tag, a link or emphasis. What is in backticks stays as it is. */
export function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/[\\<>*_[\]|]/g, '\\$&')))
    .join('');
}
