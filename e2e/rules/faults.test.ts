/** The table of faults in the docs is that of the suite. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { formatPage, pageFile, readResults } from '../faults/report.ts';
import { nameOf, rows } from '../faults/rows.ts';

test('docs/faults.md is made of the rows of the suite and of their results', async () => {
  const results = await readResults();
  const names = rows.map(nameOf);
  expect(Object.keys(results).filter((name) => !names.includes(name))).toEqual([]);
  expect(await readFile(pageFile, 'utf8')).toBe(formatPage(results));
});

test('each combination is there once, and there are at least 60', () => {
  expect(rows.length).toBeGreaterThanOrEqual(60);
  expect(new Set(rows.map(nameOf)).size).toBe(rows.length);
});
