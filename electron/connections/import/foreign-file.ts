import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { errnoCode, isMissingPath } from '../../system/file-errors.ts';

/** A list of connections has a few kilobytes; a larger file is something else. In bytes. */
const maxBytes = 4 * 1024 * 1024;

/** The text of a file, that it does not exist, or a sentence that says why it cannot be read. */
export type ReadResult = { readonly text: string } | { readonly missing: true } | { readonly unreadable: string };

/** Reads a file of another tool. Never throws, and never opens a pipe or a device, which could block. */
export async function readText(path: string): Promise<ReadResult> {
  // podman and docker take it for "no file"
  if (path === '/dev/null') {
    return { text: '' };
  }
  try {
    const file = await stat(path);
    if (!file.isFile()) {
      return { unreadable: `It is a ${file.isDirectory() ? 'folder' : 'device or pipe'}, not a file.` };
    }
    if (file.size > maxBytes) {
      return {
        unreadable: `It is larger than ${maxBytes / 1024 ** 2} MiB, which is too large for a list of connections.`,
      };
    }
    return { text: stripByteOrderMark(await readFile(path, 'utf8')) };
  } catch (error) {
    if (isMissingPath(error)) {
      return { missing: true };
    }
    const code = errnoCode(error) ?? 'unknown';
    return { unreadable: `It could not be read: ${code === 'EACCES' ? 'permission denied' : code}.` };
  }
}

/** Removes the byte order mark that editors on Windows may put at the start of a file. */
export function stripByteOrderMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

export type FileState = 'usable' | 'forbidden' | 'missing' | 'other';

/** Whether a path is a file that can be read, or a socket that can be connected to. Opens nothing. */
export async function fileState(path: string, kind: 'file' | 'socket'): Promise<FileState> {
  try {
    const stats = await stat(path);
    if (kind === 'file' ? !stats.isFile() : !stats.isSocket()) {
      return 'other';
    }
    await access(path, kind === 'file' ? constants.R_OK : constants.R_OK | constants.W_OK);
    return 'usable';
  } catch (error) {
    const code = errnoCode(error);
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'missing';
  }
}

/** Whether a path is on another machine. On Windows, looking at such a path would contact that machine. */
export function isNetworkPath(path: string): boolean {
  return /^[\\/]{2}/.test(path);
}
