/** Files and folders that get their name only when they are complete, and what killed processes have left of them. */
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What is older was not left just now by a process of another machine that shares the folder. */
const leftMs = 3_600_000;

/** Beside the path, on the same file system. @param folder another one, such as that which is filled */
export function partPath(path: string, suffix: 'part' | 'old' = 'part', folder = dirname(path)): string {
  return join(folder, `.${basename(path)}.${process.pid}-${randomBytes(4).toString('hex')}.${suffix}`);
}

/** The parts of a path that processes have left which do not run any more. */
export async function leftParts(path: string, folder = dirname(path)): Promise<string[]> {
  const start = `.${basename(path)}.`;
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    const [, pid] =
      (name.startsWith(start) && /^(\d+)-[0-9a-f]{8}\.(?:part|old)$/.exec(name.slice(start.length))) || [];
    if (pid !== undefined && !isRunning(Number(pid)) && (await isOld(join(folder, name)))) {
      found.push(join(folder, name));
    }
  }
  return found;
}

export async function isOld(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > leftMs;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
