import { readdir, stat } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';
import { isMissingPath } from './file-errors.ts';
import { makePrivateFolder } from './private-folder.ts';

/** Every data folder that was used has it. */
const mark = 'images.work';

/** What the desktop makes before the app opens its data folder. */
const earlyNames: ReadonlySet<string> = new Set(['desktop', 'desktop.log']);

/**
 * Creates a data folder, or closes an existing one to other users of this computer: logs and requests of builds are in it. A
 * folder that holds other things too, such as a home folder, is not changed.
 * @throws Failure `settings.unwritable`
 */
export async function makeDataFolder(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    if (isMissingPath(error)) {
      return undefined;
    }
    throw error;
  });
  if (stats?.isDirectory() && process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
    const names = await readdir(path);
    const isShared = (stats.mode & 0o1000) !== 0 || stats.uid !== process.getuid?.();
    if (isShared || !(names.includes(mark) || names.every((name) => earlyNames.has(name)))) {
      throw fail(
        'settings.unwritable',
        `The data folder ${path} is open to other users of this computer, and not only for Barnraiser.`,
        'Set BARNRAISER_HOME to a folder of its own.',
      );
    }
  }
  await makePrivateFolder(path);
}
