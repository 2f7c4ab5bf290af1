/** An output while it is edited: what the fields have, and the text that it becomes. */
import { formatReferenceShort } from '../../../shared/format.ts';
import {
  formatOutput,
  type Output,
  type OutputKind,
  outputKindNames,
  outputRow,
  parseOutput,
} from '../../../shared/output.ts';
import type { Platform } from '../../../shared/platform.ts';
import { isTextUpTo, recall, remembered, rememberValue } from '../../stores/memory.ts';

export interface OutputDraft {
  readonly kind: OutputKind;
  readonly path: string;
  readonly node: string;
  /** Empty: as the image is called. */
  readonly name: string;
  /** Empty: all, or the one that runs on the computer where only one fits. */
  readonly platforms: readonly Platform[];
}

/** The kinds that can be chosen: everything but local storage, where each image goes. */
export const chosenKinds: readonly OutputKind[] = outputKindNames.filter((kind) => kind !== 'list');

const folderMemory = remembered('images.export-folder', isTextUpTo(4_096), '');

/** The folder of the last output, or an empty text. */
export function lastOutputFolder(): string {
  return recall(folderMemory);
}

/** @param path the folder or file that was written */
export function rememberOutputFolder(path: string): void {
  const folder = parentFolder(path);
  if (folder) {
    rememberValue(folderMemory, folder);
  }
}

export function parentFolder(path: string): string {
  return path.replace(/[\\/][^\\/]*$/, '');
}

/** The default path of an output in a folder: `/images/api-1.4` or `/images/api-1.4.tar`. Empty without a folder. */
export function outputPath(folder: string, reference: string, kind: OutputKind): string {
  const { target, extension = '' } = outputRow(kind);
  if (folder === '' || (target !== 'folder' && target !== 'file')) {
    return '';
  }
  const name = formatReferenceShort(reference).replaceAll(':', '-');
  const separator = folder.includes('\\') ? '\\' : '/';
  return `${folder.replace(/[\\/]+$/, '')}${separator}${name}${extension}`;
}

/** The draft with another kind. A path that was proposed follows it, one that was typed stays. */
export function withKind(draft: OutputDraft, kind: OutputKind, reference: string): OutputDraft {
  const folder = draft.path === '' ? lastOutputFolder() : parentFolder(draft.path);
  const wasProposed = draft.path === '' || draft.path === outputPath(folder, reference, draft.kind);
  const path = wasProposed ? outputPath(folder, reference, kind) || draft.path : draft.path;
  const platforms = outputRow(kind).platforms === 'one' ? draft.platforms.slice(0, 1) : draft.platforms;
  return { ...draft, kind, path, platforms };
}

export interface CheckedOutput {
  /** Undefined unless the draft is valid. */
  readonly text?: string;
  /** Why it is not valid, by the field. Empty fields have no text. */
  readonly pathError?: string;
  readonly nameError?: string;
}

export function checkOutput({ kind, path, node, name, platforms }: OutputDraft): CheckedOutput {
  const { target, name: named } = outputRow(kind);
  const output: Output = {
    kind,
    ...(target === 'folder' || target === 'file' ? { path: path.trim() } : {}),
    ...(target === 'node' ? { node } : {}),
    ...(named !== 'none' && name.trim() !== '' ? { name: name.trim() } : {}),
    ...(platforms.length > 0 ? { platforms } : {}),
  };
  if (output.path !== undefined) {
    if (output.path === '') {
      return {};
    }
    const pathError = validatePath(output.path, named !== 'none');
    if (pathError !== undefined) {
      return { pathError };
    }
  }
  if (target === 'node' && node === '') {
    return {};
  }
  const text = formatOutput(output);
  const { problem, fix } = parseOutput(text);
  return problem === undefined ? { text } : { nameError: `It ${problem}. ${fix}` };
}

/** @returns why a path is not valid, as a sentence */
function validatePath(path: string, hasName: boolean): string | undefined {
  const rest = path.replace(/^[A-Za-z]:(?=[\\/])/, '');
  if (rest === path && !path.startsWith('/')) {
    return 'Enter an absolute path.';
  }
  return hasName && rest.includes(':')
    ? 'The path cannot contain a colon, because it would separate the path from an image name.'
    : undefined;
}

/** The draft of an output text. Undefined for one that the form cannot show. */
export function draftOf(text: string): OutputDraft | undefined {
  const { output } = parseOutput(text);
  return (
    output && {
      kind: output.kind,
      path: output.path ?? '',
      node: output.node ?? '',
      name: output.name ?? '',
      platforms: output.platforms ?? [],
    }
  );
}

/** An output in a few words: `OCI archive`, `/images/api.tar`. */
export function describeOutput(text: string): { readonly label: string; readonly where: string } {
  const { output } = parseOutput(text);
  if (!output) {
    return { label: text, where: '' };
  }
  const where = [output.path ?? output.node, output.name].filter(Boolean).join(', ');
  const platforms = output.platforms ? ` (${output.platforms.join(', ')})` : '';
  return { label: outputRow(output.kind).label, where: `${where}${platforms}` };
}
