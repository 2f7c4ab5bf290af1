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

  it('beside each other are one mark, and a line has no more than 200', () => {
    const texts = (line: string, text: string) =>
      markMatches(renderLine(line).parts, searchPattern(text)).flatMap((part) => (part.isMatch ? part.text : []));
    expect(texts('a'.repeat(2_000), 'a')).toEqual(['a'.repeat(2_000)]);
    expect(texts('ab'.repeat(1_000), 'a')).toHaveLength(200);
    const coloured = Array.from({ length: 150 }, () => `${esc}[31mab${esc}[0m`).join('');
    const parts = markMatches(renderLine(coloured).parts, searchPattern('ba'));
    expect(parts.map(({ text }) => text).join('')).toBe('ab'.repeat(150));
  });
});
