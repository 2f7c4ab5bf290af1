import { describe, expect, it } from 'vitest';
import { foreignCommand, foreignLine, foreignLines } from './foreign-text.ts';

describe('what a server says', () => {
  it('stays as it is where it is plain, in any language', () => {
    for (const text of ['Password:', 'Código de verificación', 'كلمة المرور', 'パスワード', 'पासवर्ड', '👩‍💻 token']) {
      expect(foreignLine(text)).toBe(text);
    }
  });

  it('turns no text around and hides nothing', () => {
    expect(foreignLine('pass\u202edrow')).toBe('pass\ufffddrow');
    expect(foreignLine('a\u2066b\u2069c\u200ed\u061ce')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde');
    expect(foreignLine('ad\u200bmin\u3164\u{e0041}')).toBe('ad\ufffdmin\ufffd\ufffd');
  });

  it('commands no terminal', () => {
    expect(
      foreignLine('\u001b[31mred\u001b[0m \u001b]0;title\u0007and \u001b]8;;http://evil\u001b\\link\u009b2J'),
    ).toBe('red and link');
    expect(foreignLine('ring\u0007\u0000')).toBe('ring\ufffd\ufffd');
  });

  it('is one line where one line is wanted', () => {
    expect(foreignLine('  One\r\n\ttime\u2028 password \n')).toBe('One time password');
  });

  it('keeps its lines where they are wanted, and no more space than that', () => {
    expect(foreignLines('\n\nWelcome\r\n  to pi4  \rthird\n\n\n\n\n\n\nlast\n\n')).toBe(
      'Welcome\n  to pi4\nthird\n\n\nlast',
    );
  });

  it('is cut where it is long, and never inside of a sign', () => {
    expect(foreignLine('x'.repeat(1_000_000))).toHaveLength(300);
    expect(foreignLine('ab😀cd', 4)).toBe('ab…');
    expect(foreignLines(`${'y'.repeat(90)}\n`.repeat(1_000))).toHaveLength(4_000);
  });

  it('piles up no marks over the lines around it', () => {
    expect(foreignLine(`Z${'\u0301'.repeat(500)}algo`)).toBe(`Z${'\u0301'.repeat(4)}algo`);
  });
});

describe('a command that is to be run', () => {
  it('stays as it is where it is plain, with its spaces and in any language', () => {
    for (const text of [`nc -x "proxy:1080"  'a b' | cat <in >out`, 'nc bücher.example 22', '\\u{202e}']) {
      expect(foreignCommand(text)).toBe(text);
    }
  });

  it('is shown whole, with nothing that acts, hides or is only taken for a space', () => {
    expect(foreignCommand('nc\u001b]0;rm -rf ~\u0007 x')).toBe('nc\\u{1b}]0;rm -rf ~\\u{7} x');
    expect(foreignCommand('a\u202eb\u2066c\u200dd\u3164e\u{e0041}')).toBe(
      'a\\u{202e}b\\u{2066}c\\u{200d}d\\u{3164}e\\u{e0041}',
    );
    expect(foreignCommand('a\tb\rc\u00a0d\u2028e\u2003f')).toBe('a\\u{9}b\\u{d}c\\u{a0}d\\u{2028}e\\u{2003}f');
    expect(foreignCommand(`o${'\u0301'.repeat(5)}`)).toBe(`o${'\\u{301}'.repeat(5)}`);
    expect(foreignCommand('x'.repeat(10_000))).toHaveLength(10_000);
  });
});
