import { describe, expect, test } from 'vitest';
import { cleanLine, cut, formatTable, pad, shortDigest } from './text.ts';

test('a short digest keeps its algorithm', () => {
  expect(shortDigest(`sha256:${'a'.repeat(64)}`)).toBe('sha256:aaaaaaaaaaaa');
});

describe('cleanLine', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;another title\u0007text', 'text'],
    ['\u001b[2J\u001b[Hgone?', 'gone?'],
    ['10%\r50%\r100%', '100%'],
    ['100%\r', '100%'],
    ['a\tb\u0008\u0000', 'a    b'],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanLine(text)).toBe(clean);
  });
});

test('texts are cut and padded to columns, and wide characters take two', () => {
  expect(cut('abcdef', 6)).toBe('abcdef');
  expect(cut('abcdef', 5)).toBe('abcd…');
  expect(cut('日本語', 5)).toBe('日本…');
  expect(cut('日本語', 4)).toBe('日…');
  expect(cut('abc', 0)).toBe('');
  expect(pad('日本', 6)).toBe('日本  ');
  expect(pad('\u001b[31mab\u001b[39m', 3, 'right')).toBe(' \u001b[31mab\u001b[39m');
});

test('a table has columns as wide as their widest cell, and aligns numbers to the right', () => {
  const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' as const }, { title: 'NOTE' }];
  expect(
    formatTable(columns, [
      ['api', '12.4 MB', ''],
      ['日本語', '3 B', 'wide'],
      ['\u001b[31mred\u001b[39m', '10 B', 'colored'],
    ]),
  ).toEqual([
    'NAME       SIZE  NOTE',
    'api     12.4 MB',
    '日本語      3 B  wide',
    '\u001b[31mred\u001b[39m        10 B  colored',
  ]);
});

test('a table without rows has titles', () => {
  expect(formatTable([{ title: 'NAME' }, { title: 'URI' }], [])).toEqual(['NAME  URI']);
});
