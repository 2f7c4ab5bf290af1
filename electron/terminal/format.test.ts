import { describe, expect, test } from 'vitest';
import { cleanLine, count, cut, formatAgo, formatBytes, formatDuration, pad, shortDigest } from './format.ts';

test.each([
  [0, '0 B'],
  [812, '812 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [12_400_000, '12.4 MB'],
  [99_949_999, '99.9 MB'],
  [99_950_000, '100 MB'],
  [999_499_999, '999 MB'],
  [999_500_000, '1.0 GB'],
  [2_500_000_000_000, '2.5 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
  expect(text.length).toBeLessThanOrEqual(7);
});

test.each([
  [-5, '0:00'],
  [7_900, '0:07'],
  [102_000, '1:42'],
  [3_599_999, '59:59'],
  [3_723_000, '1:02:03'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each([
  [59_000, 'just now'],
  [60_000, '1 minute ago'],
  [7_300_000, '2 hours ago'],
  [3 * 86_400_000, '3 days ago'],
])('what happened %d ms before is %s', (passed, text) => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  expect(formatAgo(new Date(now - passed).toISOString(), now)).toBe(text);
});

test('things are counted in words', () => {
  expect([count(1, 'platform'), count(0, 'file'), count(1204, 'file')]).toEqual([
    '1 platform',
    '0 files',
    '1,204 files',
  ]);
});

test('a short digest keeps its algorithm', () => {
  expect(shortDigest(`sha256:${'a'.repeat(64)}`)).toBe('sha256:aaaaaaaaaaaa');
});

describe('a line of a node', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;another title\u0007text', 'text'],
    ['\u001b[2J\u001b[Hgone?', 'gone?'],
    ['10%\r50%\r100%', '100%'],
    ['100%\r', '100%'],
    ['a\tb\u0008\u0000', 'a    b'],
  ])('%j is printed as %j', (text, clean) => {
    expect(cleanLine(text)).toBe(clean);
  });
});

test('texts are cut and filled by their width on the screen, where wide characters take two columns', () => {
  expect(cut('abcdef', 6)).toBe('abcdef');
  expect(cut('abcdef', 5)).toBe('abcd…');
  expect(cut('日本語', 5)).toBe('日本…');
  expect(cut('日本語', 4)).toBe('日…');
  expect(cut('abc', 0)).toBe('');
  expect(pad('日本', 6)).toBe('日本  ');
  expect(pad('\u001b[31mab\u001b[39m', 3, 'right')).toBe(' \u001b[31mab\u001b[39m');
});
