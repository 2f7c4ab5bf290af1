import { describe, expect, it } from 'vitest';
import { markPieces, patternOf, plainText, showLine, widthOf } from './line-text.ts';

const esc = '\u001b';
const shown = (raw: string) => showLine(raw).pieces.filter(({ text }) => text !== '');
const text = (raw: string) =>
  shown(raw)
    .map((piece) => piece.text)
    .join('');

describe('a line of a log', () => {
  it('keeps the colours that a program chose, by name', () => {
    expect(shown(`${esc}[32m✓${esc}[39m built ${esc}[1;31mnot${esc}[0m this`)).toEqual([
      { text: '✓', look: { colour: 'green' } },
      { text: ' built ', look: {} },
      { text: 'not', look: { colour: 'red', bold: true } },
      { text: ' this', look: {} },
    ]);
  });

  it('does not give a decoration to what came before it', () => {
    expect(shown(`${esc}[1mbold ${esc}[4mand underlined`)).toEqual([
      { text: 'bold ', look: { bold: true } },
      { text: 'and underlined', look: { bold: true, underline: true } },
    ]);
  });

  it('takes the nearest colour that can be read for those of the palette and for exact ones', () => {
    const colour = (code: string) => shown(`${esc}[${code}mx`)[0]?.look;
    expect(colour('38;5;196')).toEqual({ colour: 'red' });
    expect(colour('38;5;34')).toEqual({ colour: 'green' });
    expect(colour('38;5;244')).toEqual({ colour: 'grey' });
    expect(colour('38;2;30;80;255')).toEqual({ colour: 'blue' });
    expect(colour('48;2;200;150;0')).toEqual({ ground: 'yellow' });
    expect(colour('97')).toEqual({});
    expect(colour('90')).toEqual({ colour: 'grey' });
  });

  it('does not let a colour run into the next line', () => {
    showLine(`${esc}[31mred without an end`);
    expect(shown('plain')).toEqual([{ text: 'plain', look: {} }]);
  });

  it('shows the last state of a progress line', () => {
    expect(text('10 %\r55 %\r100 %\r')).toBe('100 %');
    expect(text('abc\b\bx')).toBe('ax');
  });

  it('leaves out what would command a terminal', () => {
    expect(text(`${esc}]0;a title\u0007${esc}[2K${esc}[1Ghello${esc}(B${esc}[?25l`)).toBe('hello');
    expect(text(`${esc}]8;;https://evil.example${esc}\\link${esc}]8;;${esc}\\`)).toBe('link');
  });

  it('shows control characters and what turns text around, instead of obeying them', () => {
    expect(text('a\u0000b\u0007c\u007f')).toBe('a␀b␇c␡');
    expect(text('safe\u202egpj.exe')).toBe('safe\ufffdgpj.exe');
    expect(text('a\tb')).toBe('a\tb');
  });

  it('is cut where it is too long, and says how much is missing', () => {
    expect(showLine('x'.repeat(2_500))).toEqual({ pieces: [{ text: 'x'.repeat(2_000), look: {} }], hidden: 500 });
    expect(showLine('y'.repeat(64 * 1024)).hidden).toBe(64 * 1024 - 2_000);
    const colourful = `${esc}[31m${'z'.repeat(1_999)}${esc}[0m`;
    expect(showLine(colourful).hidden).toBe(0);
  });

  it('is copied without colours', () => {
    expect(plainText(`${esc}[32m✓${esc}[39m built\r`)).toBe('✓ built');
  });

  it('knows how wide it is at most', () => {
    expect(widthOf('abc')).toBe(3);
    expect(widthOf('a\tb')).toBe(10);
    expect(widthOf('漢字')).toBe(4);
    expect(widthOf('x'.repeat(5_000))).toBe(2_040);
  });
});

describe('what a search has found', () => {
  it('is marked wherever it stands, upper and lower case alike, also across colours', () => {
    const { pieces } = showLine(`an ${esc}[31mERR${esc}[0mor and an Error`);
    const marked = markPieces(pieces, patternOf('error')).filter((piece) => piece.marked);
    expect(marked.map((piece) => piece.text)).toEqual(['ERR', 'or', 'Error']);
  });

  it('is taken word for word', () => {
    const { pieces } = showLine('a.b axb (x)');
    const found = (wanted: string) =>
      markPieces(pieces, patternOf(wanted)).flatMap((piece) => (piece.marked ? piece.text : []));
    expect(found('a.b')).toEqual(['a.b']);
    expect(found('(x)')).toEqual(['(x)']);
    expect(patternOf('')).toBeUndefined();
  });
});
