import { watch } from 'node:fs';
import { makePrivateFolder } from './private-folder.ts';

/**
 * Calls `onChange` with the name of each entry of a folder that appears or disappears from now on, by any process. Creates the
 * folder if necessary. Where the system cannot watch it, nothing is reported.
 * @returns a function that stops it
 */
export async function watchEntries(folder: string, onChange: (name: string) => void): Promise<() => void> {
  try {
    await makePrivateFolder(folder);
    const watcher = watch(folder, { persistent: false }, (kind, name) => {
      // a change inside an entry has another kind
      if (kind === 'rename' && name !== null) {
        onChange(name);
      }
    });
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
