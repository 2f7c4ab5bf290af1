import { readdirSync, readFileSync } from 'node:fs';

/** The child processes of this process. `ended` is a number that rises with every child that has ended. */
export interface Children {
  readonly running: readonly string[];
  readonly ended: number;
}

/**
 * Reads the child processes from the kernel, which also knows those that were not started through Node. Undefined on
 * systems other than Linux. `ended` is `cminflt` of /proc/PID/stat: the page faults of children that have been waited
 * for, and every process has some. Source: man proc.
 */
export function children(): Children | undefined {
  if (process.platform !== 'linux') {
    return undefined;
  }
  // skips the command name, which is in brackets and may contain spaces
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const threads = readdirSync('/proc/self/task');
  return {
    running: threads.flatMap((thread) => childrenOf(thread)).sort(),
    // field 11 of the file; the first two are skipped above
    ended: Number(fields[8]),
  };
}

function childrenOf(thread: string): string[] {
  try {
    return readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    // the thread may have ended since it was listed
    return [];
  }
}
