import { isAbsolute } from 'node:path';
import { type ConnectionOptions, optionsOf } from '../../../shared/connection.ts';
import { isKeyExposed } from '../../engines/transport/tls-files.ts';
import { expandHome } from '../../system/system-paths.ts';
import { quoteForMessage } from './foreign-content.ts';
import { fileState, isNetworkPath } from './foreign-file.ts';
import { maxPathLength } from './unusable-reason.ts';

export interface ImportedOptions {
  readonly options: ConnectionOptions;
  /** Sentences about problems with its files. */
  readonly notes: readonly string[];
}

/** The options that name files: what each is, and what to do if it does not exist. */
const fileKinds = [
  ['identity', 'identity', 'Copy the key there or choose another one, or signing in will fail.'],
  ['tlsCa', 'certificate authority', 'Copy it there or choose another one, or connecting will fail.'],
  ['tlsCert', 'client certificate', 'Copy it there or choose another one, or connecting will fail.'],
  ['tlsKey', 'key of the client certificate', 'Copy it there or choose another one, or connecting will fail.'],
] as const;

/** The options of a discovered engine with absolute paths, and notes about files that cannot be used. */
export async function importOptions(engine: ConnectionOptions, home: string): Promise<ImportedOptions> {
  let options = optionsOf(engine);
  const notes: string[] = [];
  for (const [option, what, missingFix] of fileKinds) {
    const path = options[option];
    if (path === undefined) {
      continue;
    }
    const file = expandHome(path, home);
    if (!isAbsolute(file) || /\p{Cc}/u.test(file) || file.length > maxPathLength) {
      notes.push(`Its ${what} ${quoteForMessage(path)} is not an absolute path on this computer, so it is left out.`);
      options = optionsOf({ ...options, [option]: '' });
    } else {
      options = { ...options, [option]: file };
      notes.push(...(await fileNotes(file, what, missingFix)));
    }
  }
  if (options.tlsKey !== undefined && (await isKeyExposed(options.tlsKey))) {
    notes.push(`Other users of this computer can read its private key: \`chmod 600 ${shown(options.tlsKey)}\`.`);
  }
  return { options, notes };
}

async function fileNotes(file: string, what: string, missingFix: string): Promise<string[]> {
  if (process.platform === 'win32' && isNetworkPath(file)) {
    return [];
  }
  switch (await fileState(file, 'file')) {
    case 'usable':
      return [];
    case 'missing':
      return [`Its ${what} ${shown(file)} does not exist. ${missingFix}`];
    case 'forbidden':
      return [
        `Its ${what} ${shown(file)} cannot be read by your user: \`ls -l ${shown(file)}\` shows its permissions.`,
      ];
    case 'other':
      return [`Its ${what} ${shown(file)} is not a file.`];
  }
}

function shown(path: string): string {
  return quoteForMessage(path).slice(1, -1);
}
