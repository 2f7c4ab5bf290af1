import { chmod, mkdir, stat } from 'node:fs/promises';
import { diskFailure } from './file-errors.ts';

/**
 * Creates a folder that only this user may enter. Closes an existing one to others, which protects all that is in it,
 * whatever its own permissions are. On Windows, the folder has the access rules of the user's profile.
 * @throws Failure `disk.full`, `settings.unwritable`
 */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
      await chmod(path, 0o700);
    }
  } catch (error) {
    throw diskFailure(error, path);
  }
}
