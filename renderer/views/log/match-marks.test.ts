import { describe, expect, it } from 'vitest';
import { renderLine } from './line-text.ts';
import { markMatches, searchPattern } from './match-marks.ts';

const esc = '\u001b';

describe('search matches', () => {
  it('are marked, ignoring case, also across colours', () => {
    const { parts } = renderLine(`an ${esc}[31mERR${esc}[0mor and an Error`);
    const marked = markMatches(parts, searchPattern('error')).filter((part) => part.isMatch);
    expect(marked.map((part) => part.text)).toEqual(['ERR', 'or', 'Error']);
  });

  it('are literal', () => {
    const { parts } = renderLine('a.b axb (x)');
    const matches = (text: string) =>
      markMatches(parts, searchPattern(text)).flatMap((part) => (part.isMatch ? part.text : []));
    expect(matches('a.b')).toEqual(['a.b']);
    expect(matches('(x)')).toEqual(['(x)']);
    expect(searchPattern('')).toBeUndefined();
  });
});
