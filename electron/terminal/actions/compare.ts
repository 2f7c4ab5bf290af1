import type { ComparedValue, Comparison, FileChange, PlatformComparison } from '../../../shared/compare.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { readCredentials } from './push.ts';

/** Prints what differs between two images. */
export async function compareImages(
  frontEnd: TerminalFrontEnd,
  { request, limit, credentials: given }: Extract<Command, { kind: 'compare' }>,
): Promise<number> {
  const credentials = await readCredentials(frontEnd, given);
  const comparison = await frontEnd.showWait('Comparing', frontEnd.call('images.compare', { ...request, credentials }));
  frontEnd.printResult(comparison, () => comparisonLines(comparison, limit));
  return 0;
}

export function comparisonLines(comparison: Comparison, limit: number): string[] {
  const { a, b, isSame, platforms } = comparison;
  return [
    `A: ${a.name}  ${a.digest}`,
    `B: ${b.name}  ${b.digest}`,
    ...[a, b].flatMap(({ name, lacks }) => (lacks === undefined ? [] : [`${name}: ${lacks}`])),
    ...(isSame ? ['', a.digest === b.digest ? 'They are the same.' : 'Their images are the same.'] : []),
    ...platforms.flatMap((platform) => ['', ...platformLines(platform, limit)]),
  ];
}

const statusWords = { same: 'the same', changed: 'changed', added: 'only in B', removed: 'only in A' } as const;

function platformLines(compared: PlatformComparison, limit: number): string[] {
  const { platform, status, sizeA, sizeB, config = [], packages, files, missingBytes } = compared;
  const sizes = [sizeA, sizeB].flatMap((size) => (size === undefined ? [] : [formatBytes(size)]));
  const title = `${platform}: ${statusWords[status]} (${[...new Set(sizes)].join(' → ')})`;
  if (status !== 'changed') {
    return [title];
  }
  return [
    title,
    ...layerLines(compared.layers),
    ...(config.length > 0 ? [`  Configuration: ${formatCount(config.length, 'difference')}`] : []),
    ...valueLines(config, limit),
    ...(packages ? packageLines(packages, limit) : []),
    ...(files ? fileLines(files, limit) : []),
    ...(missingBytes === undefined
      ? []
      : [`  Packages and files are not compared: ${formatBytes(missingBytes)} of layers are not here (see --files).`]),
  ];
}

function layerLines({ shared, added, removed }: PlatformComparison['layers']): string[] {
  const sum = (layers: readonly { readonly size: number }[]) =>
    formatBytes(layers.reduce((total, { size }) => total + size, 0));
  const counts = [
    ...(shared.length > 0 ? [`${shared.length} shared (${sum(shared)})`] : []),
    ...(added.length > 0 ? [`${added.length} added (${sum(added)})`] : []),
    ...(removed.length > 0 ? [`${removed.length} removed (${sum(removed)})`] : []),
  ];
  return [
    `  Layers: ${counts.join(', ') || 'none'}`,
    ...removed.map(({ digest, size }) => `    - ${digest}  ${formatBytes(size)}`),
    ...added.map(({ digest, size }) => `    + ${digest}  ${formatBytes(size)}`),
  ];
}

function packageLines(
  { added, removed, changed, entries, problems }: NonNullable<PlatformComparison['packages']>,
  limit: number,
): string[] {
  const total = added + removed + changed;
  return [
    `  Packages: ${total === 0 ? 'no difference' : countsText({ changed, added, removed })}${problems > 0 ? `; ${formatCount(problems, 'file')} could not be read` : ''}`,
    ...valueLines(entries, limit, total),
  ];
}

function fileLines(files: NonNullable<PlatformComparison['files']>, limit: number): string[] {
  const { added, removed, changed, rewritten, entries, bytesA, bytesB, isPartial } = files;
  const total = added + removed + changed + rewritten;
  const counts = countsText({ changed, added, removed, rewritten });
  return [
    `  Files: ${total === 0 ? 'no difference' : counts} (${[...new Set([formatBytes(bytesA), formatBytes(bytesB)])].join(' → ')})`,
    ...(isPartial ? ['    A layer could not be read to its end.'] : []),
    ...entries.slice(0, limit).map(fileLine),
    ...restLine(total, Math.min(limit, entries.length)),
  ];
}

const marks = { added: '+', removed: '-', changed: '~', rewritten: '·' } as const;

function fileLine({ path, change, a, b, note }: FileChange): string {
  const sizes = [...new Set([a, b].flatMap((size) => (size === undefined ? [] : [formatBytes(size)])))].join(' → ');
  return `    ${marks[change]} ${path}  ${[sizes, note].filter(Boolean).join(', ')}`;
}

function valueLines(values: readonly ComparedValue[], limit: number, total = values.length): string[] {
  return [
    ...values.slice(0, limit).map(({ name, a, b }) => {
      if (a === undefined || b === undefined) {
        return `    ${a === undefined ? '+' : '-'} ${name}  ${a ?? b ?? ''}`;
      }
      return `    ~ ${name}  ${a} → ${b}`;
    }),
    ...restLine(total, Math.min(limit, values.length)),
  ];
}

function restLine(total: number, shown: number): string[] {
  return total > shown ? [`    … ${total - shown} more (see --limit and --json)`] : [];
}

function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${wordOf(name)}`)
    .join(', ');
}
