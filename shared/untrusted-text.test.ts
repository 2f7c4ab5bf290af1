import { describe, expect, it } from 'vitest';
import { escapeHiddenCharacters, sanitizeLine, sanitizeText } from './untrusted-text.ts';

describe('text from a server', () => {
  it('is unchanged if it is plain, in any language', () => {
    for (const text of ['Password:', 'Código de verificación', 'كلمة المرور', 'パスワード', 'पासवर्ड', '👩‍💻 token']) {
      expect(sanitizeLine(text)).toBe(text);
    }
  });

  it('changes no text direction and hides nothing', () => {
    expect(sanitizeLine('pass\u202edrow')).toBe('pass\ufffddrow');
    expect(sanitizeLine('a\u2066b\u2069c\u200ed\u061ce')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde');
    expect(sanitizeLine('ad\u200bmin\u3164\u{e0041}')).toBe('ad\ufffdmin\ufffd\ufffd');
  });

  it('does not control a terminal', () => {
    expect(
      sanitizeLine('\u001b[31mred\u001b[0m \u001b]0;title\u0007and \u001b]8;;http://evil\u001b\\link\u009b2J'),
    ).toBe('red and link');
    expect(sanitizeLine('ring\u0007\u0000')).toBe('ring\ufffd\ufffd');
  });

  it('can be joined into one line', () => {
    expect(sanitizeLine('  One\r\n\ttime\u2028 password \n')).toBe('One time password');
  });

  it('can keep its lines, without extra space', () => {
    expect(sanitizeText('\n\nWelcome\r\n  to pi4  \rthird\n\n\n\n\n\n\nlast\n\n')).toBe(
      'Welcome\n  to pi4\nthird\n\n\nlast',
    );
  });

  it('is cut if it is long, but never inside a character', () => {
    expect(sanitizeLine('x'.repeat(1_000_000))).toHaveLength(300);
    expect(sanitizeLine('ab😀cd', 4)).toBe('ab…');
    expect(sanitizeText(`${'y'.repeat(90)}\n`.repeat(1_000))).toHaveLength(4_000);
  });

  it('does not stack marks over the lines around it', () => {
    expect(sanitizeLine(`Z${'\u0301'.repeat(500)}algo`)).toBe(`Z${'\u0301'.repeat(4)}algo`);
  });
});

describe('a command to confirm', () => {
  it('is unchanged if it is plain, with its spaces and in any language', () => {
    for (const text of [`nc -x "proxy:1080"  'a b' | cat <in >out`, 'nc bücher.example 22', '\\u{202e}']) {
      expect(escapeHiddenCharacters(text)).toBe(text);
    }
  });

  it('is shown complete, with hidden characters and unusual spaces escaped', () => {
    expect(escapeHiddenCharacters('nc\u001b]0;rm -rf ~\u0007 x')).toBe('nc\\u{1b}]0;rm -rf ~\\u{7} x');
    expect(escapeHiddenCharacters('a\u202eb\u2066c\u200dd\u3164e\u{e0041}')).toBe(
      'a\\u{202e}b\\u{2066}c\\u{200d}d\\u{3164}e\\u{e0041}',
    );
    expect(escapeHiddenCharacters('a\tb\rc\u00a0d\u2028e\u2003f')).toBe('a\\u{9}b\\u{d}c\\u{a0}d\\u{2028}e\\u{2003}f');
    expect(escapeHiddenCharacters(`o${'\u0301'.repeat(5)}`)).toBe(`o${'\\u{301}'.repeat(5)}`);
    expect(escapeHiddenCharacters('x'.repeat(10_000))).toHaveLength(10_000);
  });
});
