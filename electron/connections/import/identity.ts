import { isAbsolute } from 'node:path';
import { expandHome } from '../../system/system-paths.ts';
import { quote } from './entries.ts';
import { isElsewhere, stateOf } from './read-text.ts';
import { maxLength } from './usable.ts';

/** The key file that somebody wrote down for an engine: its absolute path, and what is to be said about it. */
export interface ImportedIdentity {
  readonly identity?: string;
  readonly notes: readonly string[];
}

/** @param written the path as it stands in a file. */
export async function importIdentity(written: string, home: string): Promise<ImportedIdentity> {
  const identity = expandHome(written, home);
  if (!isAbsolute(identity) || /\p{Cc}/u.test(identity) || identity.length > maxLength) {
    return { notes: [`Its identity ${quote(written)} is no absolute path of a file here, so it is left out.`] };
  }
  return { identity, notes: await notesOf(identity) };
}

async function notesOf(identity: string): Promise<string[]> {
  if (process.platform === 'win32' && isElsewhere(identity)) {
    return [];
  }
  const shown = quote(identity).slice(1, -1);
  switch (await stateOf(identity, 'file')) {
    case 'usable':
      return [];
    case 'missing':
      return [`Its identity ${shown} is not there. Without it, signing in fails: copy the key there, or name another.`];
    case 'forbidden':
      return [`Its identity ${shown} cannot be read by you: \`ls -l ${shown}\` shows who may.`];
    case 'other':
      return [`Its identity ${shown} is no file.`];
  }
}
