/**
 * Runs the simulation and writes its table into docs/scheduling.md. It takes minutes.
 *
 *     npm run simulate [-- NODES]   only farms of up to so many nodes, without writing
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { recordedTimes } from './recorded-times.ts';
import { rows, simulateRow, tableOf } from './simulation.ts';

const page = fileURLToPath(new URL('../../docs/scheduling.md', import.meta.url));
const [limit] = process.argv.slice(2);

const recorded = recordedTimes();
const results = rows
  .filter(({ nodes }) => limit === undefined || nodes <= Number(limit))
  .map((row) => {
    const result = simulateRow(row, recorded);
    process.stdout.write(`${tableOf([result]).split('\n')[2]}\n`);
    return result;
  });
const table = tableOf(results);
process.stdout.write(`${table.split('\n').at(-1)}\n`);
if (limit === undefined) {
  const [before = ''] = readFileSync(page, 'utf8').split('| nodes | builds |');
  writeFileSync(page, `${before}${table}\n`);
}
