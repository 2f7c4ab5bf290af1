import { describe, expect, it } from 'vitest';
import { maxColumns, plainText, renderLine } from './line-text.ts';

const esc = '\u001b';
const shown = (raw: string) => renderLine(raw).parts.filter(({ text }) => text !== '');
const text = (raw: string) =>
  shown(raw)
    .map((part) => part.text)
    .join('');

describe('a line of a log', () => {
  it('keeps colours by name', () => {
    expect(shown(`${esc}[32m✓${esc}[39m built ${esc}[1;31mnot${esc}[0m this`)).toEqual([
      { text: '✓', style: { colour: 'green' } },
      { text: ' built ', style: {} },
      { text: 'not', style: { colour: 'red', bold: true } },
      { text: ' this', style: {} },
    ]);
  });

  it('applies a style only to the text after it', () => {
    expect(shown(`${esc}[1mbold ${esc}[4mand underlined`)).toEqual([
      { text: 'bold ', style: { bold: true } },
      { text: 'and underlined', style: { bold: true, underline: true } },
    ]);
  });

  it('maps palette and RGB colours to the nearest readable colour', () => {
    const colour = (code: string) => shown(`${esc}[${code}mx`)[0]?.style;
    expect(colour('38;5;196')).toEqual({ colour: 'red' });
    expect(colour('38;5;34')).toEqual({ colour: 'green' });
    expect(colour('38;5;244')).toEqual({ colour: 'grey' });
    expect(colour('38;2;30;80;255')).toEqual({ colour: 'blue' });
    expect(colour('48;2;200;150;0')).toEqual({ background: 'yellow' });
    expect(colour('97')).toEqual({});
    expect(colour('90')).toEqual({ colour: 'grey' });
  });

  it('ends a colour at the end of the line', () => {
    renderLine(`${esc}[31mred without an end`);
    expect(shown('plain')).toEqual([{ text: 'plain', style: {} }]);
  });

  it('shows the last text of a progress line', () => {
    expect(text('10 %\r55 %\r100 %\r')).toBe('100 %');
    expect(text('abc\b\bx')).toBe('ax');
  });

  it('keeps colours around a character that a backspace erases', () => {
    expect(shown(`a${esc}[31mb\bc${esc}[0m\b\b\bd`)).toEqual([{ text: 'd', style: {} }]);
    expect(shown(`a${esc}[31m\bb`)).toEqual([{ text: 'b', style: { colour: 'red' } }]);
  });

  it('is interpreted step by step, also if it is nothing but backspaces, carriage returns or colours', () => {
    const half = 32 * 1024;
    // each of these took a second or more when its time grew with the square of its length
    for (let repetition = 0; repetition < 200; repetition += 1) {
      expect(renderLine('a'.repeat(half) + '\b'.repeat(half)).parts).toHaveLength(1);
      expect(renderLine(`${'\r'.repeat(2 * half)}x`).parts).toEqual([{ text: 'x', style: {} }]);
      expect(renderLine('\r'.repeat(2 * half)).parts).toEqual([]);
    }
    expect(plainText('a'.repeat(half) + '\b'.repeat(half))).toBe('');
    const colourful = Array.from({ length: 1_000 }, (_, index) => `${esc}[3${1 + (index % 2)}mx`).join('');
    expect(shown(colourful)).toHaveLength(201);
    expect(text(colourful)).toBe('x'.repeat(1_000));
  });

  it('is cut after the text that a terminal would have overwritten', () => {
    expect(text(`${'10 %\r'.repeat(10_000)}done`)).toBe('done');
  });

  it('omits control sequences of terminals', () => {
    expect(text(`${esc}]0;a title\u0007${esc}[2K${esc}[1Ghello${esc}(B${esc}[?25l`)).toBe('hello');
    expect(text(`${esc}]8;;https://evil.example${esc}\\link${esc}]8;;${esc}\\`)).toBe('link');
  });

  it('replaces control characters and direction marks', () => {
    expect(text('a\u0000b\u0007c\u007f')).toBe('a␀b␇c␡');
    expect(text('safe\u202egpj.exe')).toBe('safe\ufffdgpj.exe');
    expect(text('a\tb')).toBe('a\tb');
  });

  it('is cut off if it is too long, with the number of hidden characters', () => {
    expect(renderLine('x'.repeat(2_500))).toEqual({
      parts: [{ text: 'x'.repeat(2_000), style: {} }],
      hiddenCharacters: 500,
    });
    expect(renderLine('y'.repeat(64 * 1024)).hiddenCharacters).toBe(64 * 1024 - 2_000);
    const colourful = `${esc}[31m${'z'.repeat(1_999)}${esc}[0m`;
    expect(renderLine(colourful).hiddenCharacters).toBe(0);
  });

  it('is copied without colours', () => {
    expect(plainText(`${esc}[32m✓${esc}[39m built\r`)).toBe('✓ built');
  });

  it('has a maximum width in columns', () => {
    expect(maxColumns('abc')).toBe(3);
    expect(maxColumns('a\tb')).toBe(10);
    expect(maxColumns('漢字')).toBe(4);
    expect(maxColumns('x'.repeat(5_000))).toBe(2_040);
  });
});
