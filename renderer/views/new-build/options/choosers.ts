import type { RequestOptionName } from '../../../../shared/build-options.ts';
import { toRelativePath } from '../draft.ts';

/** What is chosen for a value of an option, and how it is written. */
export interface Chooser {
  readonly what: 'file' | 'folder';
  readonly title: string;
  /** Which side of a pair it is. */
  readonly side: 'name' | 'value';
  readonly write: (context: string, path: string) => string;
}

const absolute: Chooser['write'] = (_context, path) => path;

/** The options that name files or folders of this computer. */
export const choosers: Readonly<Partial<Record<RequestOptionName, Chooser>>> = {
  files: { what: 'file', title: 'Choose a Containerfile', side: 'value', write: toRelativePath },
  filesFor: { what: 'file', title: 'Choose a Containerfile', side: 'value', write: toRelativePath },
  contexts: { what: 'folder', title: 'Choose a folder', side: 'value', write: absolute },
  sources: { what: 'folder', title: 'Choose a folder', side: 'name', write: absolute },
};
