import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

test('columns are as wide as their widest cell, and numbers stand at the right', () => {
  const columns = [{ title: 'NAME' }, { title: 'SIZE', align: 'right' as const }, { title: 'NOTE' }];
  expect(
    formatTable(columns, [
      ['api', '12.4 MB', ''],
      ['日本語', '3 B', 'wide'],
      ['\u001b[31mred\u001b[39m', '10 B', 'coloured'],
    ]),
  ).toEqual([
    'NAME       SIZE  NOTE',
    'api     12.4 MB',
    '日本語      3 B  wide',
    '\u001b[31mred\u001b[39m        10 B  coloured',
  ]);
});

test('a table without rows has its titles', () => {
  expect(formatTable([{ title: 'NAME' }, { title: 'URI' }], [])).toEqual(['NAME  URI']);
});
