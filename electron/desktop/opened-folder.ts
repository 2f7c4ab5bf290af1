import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isLink } from './app-link.ts';

/**
 * The folder argument of `barnraiser ~/project`, or undefined. In development, the first argument of Electron is the app's own
 * folder.
 */
export function folderFromArguments(argv: readonly string[], cwd: string, isPackaged: boolean): string | undefined {
  const paths = argv.slice(1).filter((argument) => !argument.startsWith('-') && !isLink(argument));
  const path = paths[isPackaged ? 0 : 1];
  return path === undefined ? undefined : folderAt(resolve(cwd, path));
}

/** The link that another program opened the app with, which Windows and Linux pass as an argument, or undefined. */
export function linkFromArguments(argv: readonly string[]): string | undefined {
  return argv.slice(1).find(isLink);
}

/** The path itself for a folder, the parent folder for a file, or undefined if there is nothing at the path. */
export function folderAt(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? path : dirname(path);
  } catch {
    return undefined;
  }
}
