import { describe, expect, it } from 'vitest';
import { foreignLine, foreignLines } from './foreign-text.ts';

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
