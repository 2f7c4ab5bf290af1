import { expect, test } from 'vitest';
import { formatAge, parseAge, parseSize } from './storage-limits.ts';

test.each([
  ['90m', 5_400_000],
  ['12h', 43_200_000],
  [' 7D ', 604_800_000],
  ['4w', 2_419_200_000],
  ['0d', 0],
  ['7', undefined],
  ['-1d', undefined],
  ['7 years', undefined],
])('the age %s is %s ms', (text, ms) => {
  expect(parseAge(text)).toBe(ms);
});

test.each([
  ['20GB', 20e9],
  ['20 gb', 20e9],
  ['20g', 20e9],
  ['1.5TB', 1.5e12],
  ['20GiB', 20 * 1024 ** 3],
  ['512', 512],
  ['0', 0],
  ['20iB', undefined],
  ['GB', undefined],
  ['-1GB', undefined],
  ['999999999PB', undefined],
])('the size %s is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['90m', '12h', '7d', '4w'])('%s is written so that it is read again', (text) => {
  expect(parseAge(formatAge(parseAge(text) ?? -1))).toBe(parseAge(text));
});
