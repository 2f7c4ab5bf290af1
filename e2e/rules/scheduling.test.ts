/** The table of the docs is what the simulation says. The smaller farms are enough to see that; the others take minutes. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { recordedTimes } from '../simulation/recorded-times.ts';
import { rows, simulateRow, tableOf } from '../simulation/simulation.ts';

test('docs/scheduling.md has the table of `npm run simulate`', () => {
  const page = readFileSync(new URL('../../docs/scheduling.md', import.meta.url), 'utf8');
  const results = rows
    .filter(({ nodes, builds }) => nodes <= 10 && builds <= 5)
    .map((row) => simulateRow(row, recordedTimes()));
  for (const line of tableOf(results).split('\n').slice(0, -1)) {
    expect(page).toContain(`${line}\n`);
  }
});
