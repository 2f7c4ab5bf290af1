/** System errors: their codes, and failures that tell a person what to do about them. */
import { dirname } from 'node:path';
import { fail } from '../../shared/failure.ts';

/** The code of a system error, such as `ENOENT`. Undefined for any other error or value. */
export function errnoCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a path does not exist (`ENOENT`), or one of its folders is not a folder (`ENOTDIR`). */
export function isMissingPath(error: unknown): boolean {
  const code = errnoCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/**
 * Turns an error of writing below a path into a `Failure`: `disk.full` or `settings.unwritable`. Returns any other
 * error as it is. @param path what should be written
 */
export function diskFailure(error: unknown, path: string): unknown {
  switch (errnoCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fail(
        'disk.full',
        `There is no space left on the disk of ${dirname(path)}.`,
        'Free some space, for example by removing images that you no longer need, then try again.',
        undefined,
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return fail(
        'settings.unwritable',
        `Could not write ${path}.`,
        `Make ${dirname(path)} writable for your user.`,
        error instanceof Error ? error.message : undefined,
        error,
      );
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
      return fail(
        'settings.unwritable',
        `Could not write ${path}: something else is in its place.`,
        'Move away the file or folder that is there, then try again.',
        error instanceof Error ? error.message : undefined,
        error,
      );
    default:
      return error;
  }
}
