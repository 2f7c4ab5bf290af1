import type { StyledText } from './line-text.ts';

export interface MarkedText extends StyledText {
  readonly isMatch: boolean;
}

/** A line has no more marks than this, because each is an element of the page. */
const maxMarks = 200;

/** Splits the parts of a line at the matches of a global pattern. A match can span several parts. Takes linear time. */
export function markMatches(parts: readonly StyledText[], pattern: RegExp | undefined): MarkedText[] {
  const ranges = pattern ? matchRanges(parts.map(({ text }) => text).join(''), pattern) : [];
  const marked: MarkedText[] = [];
  let start = 0;
  let next = 0;
  for (const { text, style } of parts) {
    const end = start + text.length;
    for (let from = start; from < end; ) {
      const range = ranges[next];
      const isMatch = range !== undefined && range.from <= from;
      const to = Math.min(end, range === undefined ? end : isMatch ? range.to : range.from);
      marked.push({ text: text.slice(from - start, to - start), style, isMatch });
      from = to;
      if (range !== undefined && from >= range.to) {
        next += 1;
      }
    }
    start = end;
  }
  return marked;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where a line matches. Matches without text between them are one. */
function matchRanges(line: string, pattern: RegExp): Range[] {
  const ranges: Range[] = [];
  for (const { index, 0: text } of line.matchAll(pattern)) {
    const last = ranges.at(-1);
    if (last?.to === index) {
      ranges[ranges.length - 1] = { from: last.from, to: index + text.length };
    } else if (ranges.length === maxMarks) {
      break;
    } else if (text !== '') {
      ranges.push({ from: index, to: index + text.length });
    }
  }
  return ranges;
}

/** A global pattern that matches a text literally, ignoring case. Undefined for an empty text. */
export function searchPattern(text: string): RegExp | undefined {
  return text === '' ? undefined : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu');
}
