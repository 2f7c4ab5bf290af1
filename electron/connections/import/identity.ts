import { isAbsolute } from 'node:path';
import { expandHome } from '../../system/system-paths.ts';
import { quoteForMessage } from './foreign-content.ts';
import { fileState, isNetworkPath } from './foreign-file.ts';
import { maxPathLength } from './unusable-reason.ts';

export interface ImportedIdentity {
  /** The absolute path of the key file. */
  readonly identity?: string;
  readonly notes: readonly string[];
}

/** The identity of a discovered engine, with notes about problems. @param path as the source has it */
export async function importIdentity(path: string, home: string): Promise<ImportedIdentity> {
  const identity = expandHome(path, home);
  if (!isAbsolute(identity) || /\p{Cc}/u.test(identity) || identity.length > maxPathLength) {
    const note = `Its identity ${quoteForMessage(path)} is not an absolute path on this computer, so it is left out.`;
    return { notes: [note] };
  }
  return { identity, notes: await identityNotes(identity) };
}

async function identityNotes(identity: string): Promise<string[]> {
  if (process.platform === 'win32' && isNetworkPath(identity)) {
    return [];
  }
  const shown = quoteForMessage(identity).slice(1, -1);
  switch (await fileState(identity, 'file')) {
    case 'usable':
      return [];
    case 'missing':
      return [
        `Its identity ${shown} does not exist. Copy the key there or choose another one, or signing in will fail.`,
      ];
    case 'forbidden':
      return [`Its identity ${shown} cannot be read by your user: \`ls -l ${shown}\` shows its permissions.`];
    case 'other':
      return [`Its identity ${shown} is not a file.`];
  }
}
