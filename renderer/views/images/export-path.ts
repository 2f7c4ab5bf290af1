import { formatReferenceShort } from '../../../shared/format.ts';
import { isTextUpTo, recall, remembered, rememberValue } from '../../stores/memory.ts';

export type ExportKind = 'oci' | 'oci-archive';

const folderMemory = remembered('images.export-folder', isTextUpTo(4_096), '');

/** The folder of the last export, or an empty string. */
export function loadExportFolder(): string {
  return recall(folderMemory);
}

/** @param path the folder or file that was written */
export function saveExportFolder(path: string): void {
  const folder = parentFolder(path);
  if (folder) {
    rememberValue(folderMemory, folder);
  }
}

export function parentFolder(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, '');
}

/** The default path of an export in a folder: `/images/api-1.4` or `/images/api-1.4.tar`. */
export function exportPath(folder: string, reference: string, kind: ExportKind): string {
  if (folder === '') {
    return '';
  }
  const name = formatReferenceShort(reference).replaceAll(':', '-');
  const separator = folder.includes('\\') ? '\\' : '/';
  return `${folder.replace(/[\\/]+$/, '')}${separator}${name}${kind === 'oci-archive' ? '.tar' : ''}`;
}

/** @returns why a path is not valid, as a sentence; undefined if it is valid */
export function validatePath(path: string): string | undefined {
  const rest = path.replace(/^[A-Za-z]:(?=[\\/])/, '');
  if (rest === path && !path.startsWith('/')) {
    return 'Enter an absolute path.';
  }
  return rest.includes(':')
    ? 'The path cannot contain a colon, because it would separate the path from an image name.'
    : undefined;
}
