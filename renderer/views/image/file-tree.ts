import type { ImageFile } from '../../../shared/local-images.ts';

/** The content of a folder, as far as it was asked for. */
export interface LoadedFolder {
  readonly files: readonly ImageFile[];
  readonly next: number | undefined;
}

export type TreeRow =
  | { readonly kind: 'file'; readonly file: ImageFile; readonly depth: number; readonly isOpen: boolean }
  /** A folder that is being loaded. */
  | { readonly kind: 'loading'; readonly path: string; readonly depth: number }
  /** A folder that has more than was asked for. */
  | { readonly kind: 'more'; readonly path: string; readonly depth: number; readonly from: number };

/** The rows of a tree: the content of the folders that are open. */
export function treeRows(
  folders: ReadonlyMap<string, LoadedFolder>,
  open: ReadonlySet<string>,
  path = '/',
  depth = 0,
): TreeRow[] {
  const folder = folders.get(path);
  if (!folder) {
    return [{ kind: 'loading', path, depth }];
  }
  const rows: TreeRow[] = [];
  for (const file of folder.files) {
    const isOpen = file.type === 'directory' && open.has(file.path);
    rows.push({ kind: 'file', file, depth, isOpen });
    if (isOpen) {
      for (const row of treeRows(folders, open, file.path, depth + 1)) {
        rows.push(row);
      }
    }
  }
  if (folder.next !== undefined) {
    rows.push({ kind: 'more', path, depth, from: folder.next });
  }
  return rows;
}

export function rowKey(row: TreeRow): string {
  return row.kind === 'file' ? row.file.path : `${row.kind} ${row.path}`;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || '/';
}

/** Where a row is among those of its folder, counted from 1. */
export interface TreePosition {
  readonly number: number;
  readonly of: number;
}

/** The position of each row, for screen readers: only the rows in sight are in the page. */
export function positionsOf(rows: readonly Pick<TreeRow, 'depth'>[]): readonly TreePosition[] {
  /** How many rows the folder of each row has so far, shared by the rows of a folder. */
  const folders: { count: number }[] = [];
  const counted = rows.map(({ depth }) => {
    folders.length = Math.min(folders.length, depth + 1);
    const folder = folders[depth] ?? { count: 0 };
    folders[depth] = folder;
    folder.count += 1;
    return { number: folder.count, folder };
  });
  return counted.map(({ number, folder }) => ({ number, of: folder.count }));
}
