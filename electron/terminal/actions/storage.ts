import type { NodeSelection } from '../../../shared/farm.ts';
import { formatBytes, formatCount } from '../../../shared/format.ts';
import { fail } from '../../../shared/problem.ts';
import type { LocalUse, NodeUse, PrunedItem, PrunePreview, PruneReport } from '../../../shared/storage-use.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { isTerminal } from '../output/paint.ts';
import { keptText, localLines, previewLines, sumOf, useTable } from '../output/storage-report.ts';

type PruneCommand = Extract<Command, { kind: 'prune' }>;

/** So many things of a node are listed before the question. A dry run lists all. */
const maxListed = 40;
const pageSize = 1000;

/** Prints what takes space on the nodes and here. The exit code is 1 if a node cannot report it. */
export async function showStorage(frontEnd: TerminalFrontEnd, selection: NodeSelection): Promise<number> {
  const [nodes, here]: [NodeUse[], LocalUse] = await frontEnd.showWait(
    'Measuring what takes space',
    Promise.all([frontEnd.call('storage.use', selection), frontEnd.call('storage.local', {})]),
  );
  const { formatTable } = await import('../output/columns.ts');
  frontEnd.printResult({ nodes, here }, () => [...useTable(nodes, formatTable), '', ...localLines(here)]);
  return reportProblems(frontEnd, nodes);
}

/** Shows what would go, asks, and removes it. */
export async function pruneNodes(frontEnd: TerminalFrontEnd, command: PruneCommand): Promise<number> {
  const { selection, rules, dryRun, yes } = command;
  const { json } = frontEnd.options;
  const asks = !dryRun && !yes;
  if (asks && (json || !canAsk(frontEnd))) {
    throw fail(
      'input.invalid',
      'Nothing was removed: what is removed cannot be restored, and no one can be asked here.',
      'Look at it with --dry-run, and add --yes to remove it.',
    );
  }
  const preview = await frontEnd.showWait(
    'Looking at what the nodes store',
    frontEnd.call('storage.preview', { ...selection, rules }),
  );
  if (dryRun && json) {
    const nodes = [];
    for (const node of preview.nodes) {
      nodes.push({ ...node, items: await itemsOf(frontEnd, preview, node.node) });
    }
    frontEnd.printJson({ rules: preview.rules, nodes });
  } else if (!json) {
    await printPreview(frontEnd, preview, dryRun ? Number.POSITIVE_INFINITY : maxListed);
  }
  const failed = reportProblems(frontEnd, preview.nodes);
  const { count, bytes } = sumOf(preview.nodes.flatMap(({ parts }) => parts));
  if (dryRun) {
    return failed;
  }
  if (count === 0) {
    frontEnd.printResult([], () => ['There is nothing to remove.']);
    return failed;
  }
  if (asks) {
    const question = `Remove ${formatCount(count, 'item')} (${formatBytes(bytes)})? This cannot be undone. [y/N] `;
    if (!(await isConfirmed(frontEnd, question))) {
      frontEnd.print('Nothing was removed.');
      return failed;
    }
  }
  const reports = await frontEnd.showWait('Pruning the nodes', frontEnd.call('storage.prune', { id: preview.id }));
  const { formatTable } = await import('../output/columns.ts');
  frontEnd.printResult(reports, () => reportTable(reports, formatTable));
  // those that did not answer before were reported
  const reported = new Set(preview.nodes.flatMap(({ node, problem }) => (problem ? [node] : [])));
  return (
    reportProblems(
      frontEnd,
      reports.filter(({ node }) => !reported.has(node)),
    ) || failed
  );
}

export function canAsk({ options: { input, errors } }: TerminalFrontEnd): boolean {
  return isTerminal(errors) && 'isTTY' in input && input.isTTY === true;
}

export async function isConfirmed({ options }: TerminalFrontEnd, question: string): Promise<boolean> {
  const { askLine } = await import('../prompt.ts');
  const answer = await askLine(question, { input: options.input, output: options.errors }, options.interrupted);
  options.interrupted.throwIfAborted();
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

async function printPreview(frontEnd: TerminalFrontEnd, preview: PrunePreview, limit: number): Promise<void> {
  const { formatTable } = await import('../output/columns.ts');
  for (const node of preview.nodes) {
    const items = await itemsOf(frontEnd, preview, node.node, limit);
    frontEnd.print(...previewLines(node, items, new Date(), formatTable), '');
  }
}

async function itemsOf(
  frontEnd: TerminalFrontEnd,
  { id }: PrunePreview,
  node: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<PrunedItem[]> {
  const items: PrunedItem[] = [];
  while (items.length < limit) {
    const count = Math.min(pageSize, limit - items.length);
    const page = await frontEnd.call('storage.items', { id, node, from: items.length, count });
    items.push(...page);
    if (page.length < count) {
      break;
    }
  }
  return items;
}

function reportTable(
  reports: readonly PruneReport[],
  formatTable: typeof import('../output/columns.ts').formatTable,
): string[] {
  return formatTable(
    [{ title: 'NODE' }, { title: 'REMOVED', align: 'right' }, { title: 'FREED', align: 'right' }, { title: 'KEPT' }],
    reports.map(({ node, removed, reclaimedBytes, kept, problem }) =>
      problem
        ? [node, '', wordOf('failed')]
        : [node, String(removed), formatBytes(reclaimedBytes), kept.map(keptText).join('; ')],
    ),
  );
}

function reportProblems(frontEnd: TerminalFrontEnd, nodes: readonly Pick<NodeUse, 'problem'>[]): number {
  const problems = nodes.flatMap(({ problem }) => problem ?? []);
  for (const problem of problems) {
    frontEnd.reportProblem(problem);
  }
  return problems.length === 0 ? 0 : 1;
}
