import { formatReferenceShort } from '../../../shared/format.ts';

export type ExportKind = 'oci' | 'oci-archive';

const key = 'export-folder';

/** The folder that something was last exported to, or an empty text. */
export function rememberedFolder(): string {
  return localStorage.getItem(key) ?? '';
}

/** @param path the folder or file that was written. */
export function rememberFolder(path: string): void {
  const folder = folderOf(path);
  if (folder) {
    localStorage.setItem(key, folder);
  }
}

/** The folder that a path is in. */
export function folderOf(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, '');
}

/** What an export of a reference is called in a folder: `/images/api-1.4` or `/images/api-1.4.tar`. */
export function pathIn(folder: string, reference: string, kind: ExportKind): string {
  if (folder === '') {
    return '';
  }
  const name = formatReferenceShort(reference).replaceAll(':', '-');
  const separator = folder.includes('\\') ? '\\' : '/';
  return `${folder.replace(/[\\/]+$/, '')}${separator}${name}${kind === 'oci-archive' ? '.tar' : ''}`;
}

/** A sentence that says what is wrong with a path, or undefined. */
export function pathProblem(path: string): string | undefined {
  const rest = path.replace(/^[A-Za-z]:(?=[\\/])/, '');
  if (rest === path && !path.startsWith('/')) {
    return 'Write the whole path, from the root.';
  }
  return rest.includes(':') ? 'A colon cannot be part of the path: in it a name of the image would begin.' : undefined;
}
