import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * The folder that the app was started with, as `barnraiser ~/project`, or undefined without one. While the app is worked on,
 * Electron's first argument is the app's own folder.
 */
export function folderOfArguments(argv: readonly string[], cwd: string, isPackaged: boolean): string | undefined {
  const given = argv.slice(1).filter((argument) => !argument.startsWith('-'));
  const path = given[isPackaged ? 0 : 1];
  return path === undefined ? undefined : folderOf(resolve(cwd, path));
}

/** The folder at a path; of a file, as a Containerfile that was dropped, the one that it is in. */
export function folderOf(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch {
    return undefined;
  }
}
