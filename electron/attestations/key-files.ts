import { open } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';
import { withoutWaiting } from '../context/project-file.ts';

/** Keys of RSA have a few KiB. */
const maxBytes = 64 * 1024;

/** The content of a file with a key. @throws Failure `key.invalid` */
export async function readKeyFile(path: string): Promise<string> {
  const unreadable = (reason: string): Error =>
    fail('key.invalid', `The key ${path} cannot be read.`, 'Check its path and its permissions.', reason);
  try {
    const file = await open(path, withoutWaiting);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > maxBytes) {
        throw unreadable(stats.isFile() ? `It has more than ${maxBytes} bytes.` : 'It is not a file.');
      }
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof Error && 'problem' in error
      ? error
      : unreadable(error instanceof Error ? error.message : String(error));
  }
}
