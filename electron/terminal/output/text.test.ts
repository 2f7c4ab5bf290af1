import { describe, expect, test } from 'vitest';
import { formatTable, pad } from './columns.ts';
import { cut } from './cut.ts';
import { cleanLine, cleanPainted, jsonLine, shortDigest } from './text.ts';

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
    ['\u001b]52;c;Z29uZQ==\u0007copied', 'copied'],
    ['\u009b31mred\u009d0;title\u0007', 'red0;title'],
    ['file\u202etext\u2066\u2069', 'filetext'],
    ['\u001b]8;;https://example.com\u001b\\link', 'link'],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanLine(text)).toBe(clean);
  });
});

test('of our own lines only colors stay', () => {
  expect(cleanPainted('\u001b[31mred\u001b[39m \u001b[2J cleared\u001b]0;title\u0007\u202e\r')).toBe(
    '\u001b[31mred\u001b[39m  cleared',
  );
});

test('JSON has no character that affects a terminal, and the same value', () => {
  const value = { text: '\u001b]0;t\u0007 \u009b31m \u202e\u2066 \u{e0041} ü 日本' };
  const line = jsonLine(value);
  expect(line).toContain('\\u202e\\u2066 \\udb40\\udc41 ü 日本');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control characters
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  expect(JSON.parse(line)).toEqual(value);
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
