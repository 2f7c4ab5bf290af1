import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../shared/problem.ts';

/** The code of a system error (`ENOENT`), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What writing under a path failed with, as a `Failure` where a person can do something about it. */
export function diskFailure(error: unknown, path: string): unknown {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(
        'disk.full',
        `There is no space left on the disk of ${dirname(path)}.`,
        'Free some, for example by removing images that are no longer needed, then try again.',
        undefined,
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return fail(
        'settings.unwritable',
        `${path} cannot be written.`,
        `Make ${dirname(path)} writable for your user.`,
        error instanceof Error ? error.message : undefined,
        error,
      );
    default:
      return error;
  }
}

/**
 * Makes renames and new names in a folder survive a loss of power. Where the system cannot open folders (Windows), the
 * file system's journal has to do.
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle) {
    await handle.sync().catch(() => undefined);
    await handle.close();
  }
}
