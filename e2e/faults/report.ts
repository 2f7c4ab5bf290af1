/** The results of the rows: their file docs/faults.json, and the table docs/faults.md that is made of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Fault, faults } from './fault-table.ts';
import { type Phase, phases } from './phases.ts';
import { engines, nameOf, outcomes, type Row, rows } from './rows.ts';

const docs = resolve(import.meta.dirname, '..', '..', 'docs');
export const resultsFile = join(docs, 'faults.json');
export const pageFile = join(docs, 'faults.md');

const resultSchema = z.object({
  isPassed: z.boolean(),
  /** What became of the job, in words. */
  seen: z.string(),
});
export type RowResult = Readonly<z.infer<typeof resultSchema>>;

/** By the name of the row. */
const fileSchema = z.object({ version: z.literal(1), rows: z.record(z.string(), resultSchema) });

export async function readResults(): Promise<Readonly<Record<string, RowResult>>> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(resultsFile, 'utf8'))).rows;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return {};
    }
    throw error;
  }
}

/** Adds the result of a row to those of others. Results of rows that are not in the table any more go. */
export async function addResult(row: Row, result: RowResult): Promise<void> {
  const all = { ...(await readResults()), [nameOf(row)]: result };
  const results = rows.flatMap((each) => {
    const name = nameOf(each);
    return all[name] ? [[name, all[name]] as const] : [];
  });
  const file = { version: 1, rows: Object.fromEntries(results) };
  await writeFile(resultsFile, `${JSON.stringify(file, undefined, 2)}\n`);
}

const intro = `# Faults

What becomes of a build when something breaks, in each phase and on each engine. Made by \`npm run test:faults -- --write\` from the table in
\`e2e/faults/rows.ts\` and the results of its run on the nodes of the lab. A build of two platforms meets the fault: one platform is built
on the node that fails, the other one on another node. The build is held in its phase until the fault has struck.

In every row is checked:

- **The list is right or there is none.** Each list, image, configuration and layer of local storage has its digest and size, each image is for its
  platform, and a file is read out of the image of each platform. A build that fails leaves no list.
- **The store is readable**, and lists nothing else.
- **The rest of the build went on**: the other platform is built on its node.
- **The next build works**, where the build has failed: with the same node, without a fault.
- **Nothing is left** after that: no container, process, temporary name of an image, temporary file, session of sshd or unfinished context on both nodes;
  no lease, spool, slot, heartbeat, lock or temporary file in the data folder.
`;

/** The page. */
export function formatPage(results: Readonly<Record<string, RowResult>>): string {
  const faultRows = Object.entries(faults).map(([name, fault]: [string, Fault]) => `| ${name} | ${fault.text} |`);
  const phaseRows = Object.entries(phases).map(([name, phase]: [string, Phase]) => `| ${name} | ${phase.text} |`);
  const resultRows = rows.map((row, index) => formatRow(index + 1, row, results[nameOf(row)]));
  const passed = rows.filter((row) => results[nameOf(row)]?.isPassed).length;
  return [
    intro,
    `| fault | what happens |\n|---|---|\n${faultRows.join('\n')}\n`,
    `| phase | where the build is held |\n|---|---|\n${phaseRows.join('\n')}\n`,
    `## ${rows.length} combinations, ${passed} as expected\n`,
    '| # | fault | phase | engine | expected | seen | result |\n|---|---|---|---|---|---|---|',
    `${resultRows.join('\n')}\n`,
  ].join('\n');
}

function formatRow(number: number, row: Row, result: RowResult | undefined): string {
  const engine = `${engines[row.node]}${row.alone ? ', no other node' : ''}`;
  const verdict = result === undefined ? 'not run' : result.isPassed ? 'as expected' : '**not as expected**';
  const left = row.leaves === undefined ? '' : `; the engine, which was killed, leaves a ${row.leaves}`;
  const cells = [number, row.fault, row.phase, engine, `${outcomes[row.outcome]}${left}`, result?.seen ?? '', verdict];
  return `| ${cells.join(' | ')} |`;
}

export async function writePage(): Promise<void> {
  await writeFile(pageFile, formatPage(await readResults()));
}
