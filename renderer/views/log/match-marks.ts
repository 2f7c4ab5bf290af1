import type { StyledText } from './line-text.ts';

export interface MarkedText extends StyledText {
  readonly isMatch: boolean;
}

/** Splits the parts of a line at the matches of a global pattern. A match can span several parts. */
export function markMatches(parts: readonly StyledText[], pattern: RegExp | undefined): MarkedText[] {
  const line = pattern ? parts.map(({ text }) => text).join('') : '';
  const matches = pattern ? [...line.matchAll(pattern)].filter(([text]) => text !== '') : [];
  if (matches.length === 0) {
    return parts.map((part) => ({ ...part, isMatch: false }));
  }
  const edges = matches.flatMap(({ index, 0: text }) => [index, index + text.length]);
  const marked: MarkedText[] = [];
  let start = 0;
  for (const { text, style } of parts) {
    const end = start + text.length;
    const edgesInside = edges.filter((edge) => edge > start && edge < end);
    for (const [index, from] of [start, ...edgesInside].entries()) {
      const to = edgesInside[index] ?? end;
      const isMatch = matches.some((match) => from >= match.index && from < match.index + match[0].length);
      marked.push({ text: line.slice(from, to), style, isMatch });
    }
    start = end;
  }
  return marked;
}

/** A global pattern that matches a text literally, ignoring case. Undefined for an empty text. */
export function searchPattern(text: string): RegExp | undefined {
  return text === '' ? undefined : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
}
