import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';

/** A list of connections is a few kilobytes: what is above this, in bytes, is something else. */
const maxBytes = 4 * 1024 * 1024;

/** What a file holds, or that it is not there, or a sentence that says why it cannot be read. */
export type Reading = { readonly text: string } | { readonly missing: true } | { readonly unreadable: string };

/** Reads a file that is somebody else's. Never throws, and never waits for a pipe or a device to say something. */
export async function readText(path: string): Promise<Reading> {
  // what the engines' own tools take for "no file"
  if (path === '/dev/null') {
    return { text: '' };
  }
  try {
    const file = await stat(path);
    if (!file.isFile()) {
      return { unreadable: `It is a ${file.isDirectory() ? 'folder' : 'device or pipe'} and no file.` };
    }
    if (file.size > maxBytes) {
      return { unreadable: `It is larger than ${maxBytes / 1024 ** 2} MiB, and no list of connections is.` };
    }
    return { text: withoutMark(await readFile(path, 'utf8')) };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { missing: true }
      : { unreadable: `It cannot be read${code === 'EACCES' ? ': you are not allowed to' : ` (${code})`}.` };
  }
}

/** Editors on Windows may begin a file with a byte order mark. */
export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '');
}

export type FileState = 'usable' | 'forbidden' | 'missing' | 'other';

/** Is there a regular file, or socket, that we may read, or write to? Nothing is opened. */
export async function stateOf(path: string, kind: 'file' | 'socket'): Promise<FileState> {
  try {
    const found = await stat(path);
    if (kind === 'file' ? !found.isFile() : !found.isSocket()) {
      return 'other';
    }
    await access(path, kind === 'file' ? constants.R_OK : constants.R_OK | constants.W_OK);
    return 'usable';
  } catch (error) {
    return codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM' ? 'forbidden' : 'missing';
  }
}

/** On Windows, looking at a path of the network contacts the machine that it names: nobody asked for that. */
export function isElsewhere(path: string): boolean {
  return /^[\\/]{2}/.test(path);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
