/** What takes space, and what a prune removes, in words and tables. */

import { formatAgo, formatBytes, formatCount } from '../../../shared/format.ts';
import {
  keptReasons,
  localPartNames,
  pruneParts,
  type StorageKind,
  storageKindNames,
} from '../../../shared/storage-kinds.ts';
import type { KindUse, LocalUse, NodePreview, NodeUse, PrunedItem, StorageSum } from '../../../shared/storage-use.ts';
import { wordOf } from '../../../shared/words.ts';
import type { Column } from './columns.ts';

type FormatTable = (columns: readonly Column[], rows: readonly (readonly string[])[]) => string[];

const shownKinds = ['image', 'cache', 'context', 'container', 'volume'] as const satisfies readonly StorageKind[];

export function sumOf(sums: readonly StorageSum[]): StorageSum {
  return sums.reduce((total, { count, bytes }) => ({ count: total.count + count, bytes: total.bytes + bytes }), {
    count: 0,
    bytes: 0,
  });
}

export function useTable(nodes: readonly NodeUse[], formatTable: FormatTable): string[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  const kindCells = (kinds: readonly KindUse[]): string[] => [
    ...shownKinds.map((kind) => sumCell(sumOf(kinds.filter((use) => use.kind === kind)))),
    formatBytes(sumOf(kinds.map(({ own }) => own)).bytes),
    formatBytes(sumOf(kinds.map(({ reclaimable }) => reclaimable)).bytes),
  ];
  const rows = nodes.map(({ node, kinds, disk, temporary, sameAs, problem }) =>
    problem
      ? [node, wordOf('failed')]
      : sameAs !== undefined
        ? [node, `as ${sameAs}`]
        : [
            node,
            ...kindCells(kinds),
            disk ? `${formatBytes(disk.free)} of ${formatBytes(disk.total)}` : '?',
            temporary ? formatBytes(temporary.free) : '',
          ],
  );
  const total = nodes.length > 1 ? [[wordOf('total'), ...kindCells(nodes.flatMap(({ kinds }) => kinds))]] : [];
  return formatTable(
    [
      { title: 'NODE' },
      ...shownKinds.map((kind) => right(storageKindNames[kind].toUpperCase())),
      right('OURS'),
      right('RECLAIMABLE'),
      right('FREE DISK'),
      right('FREE TEMPORARY'),
    ],
    [...rows, ...total],
  );
}

function sumCell({ count, bytes }: StorageSum): string {
  return count === 0 && bytes === 0 ? '0' : `${formatBytes(bytes)} (${count})`;
}

export function localLines({ folder, parts, disk }: LocalUse): string[] {
  const sum = sumOf(parts);
  return [
    `Here: ${formatBytes(sum.bytes)} in ${folder}${disk ? `, ${formatBytes(disk.free)} of ${formatBytes(disk.total)} free` : ''}`,
    ...[...parts]
      .sort((one, other) => other.bytes - one.bytes)
      .map(({ name, bytes }) => `  ${localPartNames[name]}: ${formatBytes(bytes)}`),
  ];
}

/** What goes from a node and what stays, with the reasons. */
export function previewLines(
  { node, parts, kept, bytes, atLeast, sameAs, problem }: NodePreview,
  items: readonly PrunedItem[],
  now: Date,
  formatTable: FormatTable,
): string[] {
  if (problem) {
    return [`${node}: failed`];
  }
  if (sameAs !== undefined) {
    return [`${node}: the same engine as ${sameAs}`];
  }
  const { count, bytes: freed } = sumOf(parts);
  const table = formatTable(
    [{ title: '  REMOVE' }, { title: 'SIZE', align: 'right' }, { title: 'USED' }, { title: 'WHY' }],
    items.map((item) => [
      `  ${shorten(itemText(item))}`,
      formatBytes(item.bytes),
      item.usedAt === undefined ? wordOf('unknown') : formatAgo(new Date(item.usedAt), now),
      pruneParts[item.part].why,
    ]),
  );
  const more = count - items.length;
  return [
    `${node}: ${count === 0 ? 'nothing to remove' : `${formatCount(count, 'item')}, ${atLeast ? 'at least ' : ''}${formatBytes(freed)} of ${formatBytes(bytes)}`}`,
    ...(items.length > 0 ? table : []),
    ...(more > 0 ? [`  and ${more} more, which --dry-run lists`] : []),
    ...parts.map((part) => `  ${pruneParts[part.part].name}: ${part.count}, ${formatBytes(part.bytes)}`),
    ...kept.map((sum) => `  Kept: ${keptText(sum)}`),
  ];
}

/** The names of images and steps may be long. `--json` has them whole. */
function shorten(text: string, length = 70): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

export function keptText({ reason, count, bytes }: NodePreview['kept'][number]): string {
  return `${formatCount(count, 'item')}, ${formatBytes(bytes)}: ${keptReasons[reason]}`;
}

/** `api:1.4, api:latest`, `image 3f2a9c1b77de`, `[2/3] COPY . /app`. */
export function itemText({ kind, id, names }: Pick<PrunedItem, 'kind' | 'id' | 'names'>): string {
  const short = id.replace(/^sha256:/, '').slice(0, 12);
  if (names.length > 0) {
    return kind === 'cache' ? `${names[0]} (${short})` : names.join(', ');
  }
  return kind === 'context' ? `context ${short}` : `${wordOf(kind)} ${short}`;
}
