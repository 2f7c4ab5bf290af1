/** The results of the measurements: their file, the table of the terminal, and docs/PERFORMANCE.md. */
import { readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { median } from './bench.ts';
import { type Row, rows } from './rows.ts';

const resultSchema = z.object({
  /** The id of the row. */
  id: z.string(),
  /** The other program with its version. */
  peer: z.string(),
  measuredAt: z.string(),
  isSmall: z.boolean(),
  /** What each round measured, in the row's unit. */
  ours: z.array(z.number()).min(1),
  theirs: z.array(z.number()).min(1),
  machine: z.object({
    processors: z.number(),
    model: z.string(),
    /** Average of running processes in the minute before and at the end. */
    loadBefore: z.number(),
    loadAfter: z.number(),
    node: z.string(),
  }),
});
export type Result = Readonly<z.infer<typeof resultSchema>>;

const fileSchema = z.object({ version: z.literal(1), results: z.array(resultSchema) });

/** @returns no results if the file does not exist */
export async function readResults(path: string): Promise<Result[]> {
  try {
    return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).results;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** Adds results to a file. They replace older ones of the same rows. */
export async function addResults(path: string, added: readonly Result[]): Promise<void> {
  const ids = new Set(added.map(({ id }) => id));
  const results = [...(await readResults(path)).filter(({ id }) => !ids.has(id)), ...added];
  await writeFileAtomic(path, `${JSON.stringify({ version: 1, results }, undefined, 2)}\n`);
}

interface Line {
  readonly row: Row;
  readonly result: Result;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly isMet: boolean;
}

/** In the order of the rows. */
function linesOf(results: readonly Result[]): Line[] {
  return rows.flatMap((row) => {
    const result = results.find(({ id }) => id === row.id);
    if (!result) {
      return [];
    }
    const [ours, theirs] = [median(result.ours), median(result.theirs)];
    const ratio = ours / theirs;
    return [{ row, result, ours, theirs, ratio, isMet: ratio <= row.goal }];
  });
}

/** A table for the terminal. */
export function formatTable(results: readonly Result[]): string {
  const cells = linesOf(results).map(({ row, ours, theirs, ratio, isMet, result }) => [
    row.id,
    formatValue(ours, row),
    formatValue(theirs, row),
    ratio.toFixed(2),
    `≤ ${row.goal}`,
    result.isSmall ? 'small input' : isMet ? 'met' : 'missed',
    result.peer,
  ]);
  const table = [['row', 'ours', 'theirs', 'ratio', 'goal', 'result', 'compared with'], ...cells];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** docs/PERFORMANCE.md. Results of small inputs are left out. */
export function formatPage(results: readonly Result[]): string {
  const found = linesOf(results.filter(({ isSmall }) => !isSmall));
  const missing = rows.filter(({ id }) => !found.some(({ row }) => row.id === id));
  const missed = found.filter(({ isMet }) => !isMet);
  return `# Performance

Made by \`npm run bench -- --write\` from [performance.json](performance.json), which has the values of each round. Do not edit it.

Ours and the other program run in turns on one machine. The first round warms both up. The times are medians of the other rounds; the ratio is
ours to theirs. Builds run the bundled command with \`build --push\`, and end when the manifest list is in the registry. \`podman farm build\` runs
on the node itself. Its project has the same files. A line is a proxy on the same machine, which delays and limits both.
\`NODE_EXTRA_CA_CERTS\` is not set: with it, Node.js takes about 50 ms more to start.

${toTable(
  ['', 'compared with', 'theirs', 'ours', 'ratio', 'goal', ''],
  found.map(({ row, result, ours, theirs, ratio, isMet }) => [
    row.title,
    result.peer,
    formatValue(theirs, row),
    formatValue(ours, row),
    ratio.toFixed(2),
    `≤ ${row.goal}`,
    isMet ? 'met' : '**missed**',
  ]),
)}
## Missed goals

${missed.map(({ row }) => `- ${row.title}: ${row.reason ?? 'the reason is not known yet.'}\n`).join('') || 'All goals are met.\n'}
## Not measured

${missing.map(({ title }) => `- ${title}\n`).join('') || 'Every row was measured.\n'}
## The machine

The load is the average of running processes in the minute before the measurement and at its end.

${toTable(
  ['', 'measured', 'rounds', 'processors', 'load before', 'load after', 'Node.js'],
  found.map(({ row, result }) => [
    row.id,
    result.measuredAt.slice(0, 16).replace('T', ' '),
    String(result.ours.length),
    `${result.machine.processors} × ${result.machine.model}`,
    result.machine.loadBefore.toFixed(1),
    result.machine.loadAfter.toFixed(1),
    result.machine.node,
  ]),
)}`;
}

function toTable(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function formatValue(value: number, { unit }: Row): string {
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
}
