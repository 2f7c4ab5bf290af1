import { readdirSync, readFileSync } from 'node:fs';

/** Which processes the kernel knows to be our children, and a count that rises with every one that has ended. */
export interface Children {
  readonly running: readonly string[];
  readonly ended: number;
}

/**
 * Asks the kernel, which knows of every process that was started, by whatever means. Undefined where it cannot be asked: outside
 * of Linux. Source: man proc, /proc/PID/stat `cminflt`, the page faults of children that have been waited for, which no
 * process does without.
 */
export function children(): Children | undefined {
  if (process.platform !== 'linux') {
    return undefined;
  }
  // the name of the command, in brackets, may hold blanks
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const threads = readdirSync('/proc/self/task');
  return {
    running: threads.flatMap((thread) => childrenOf(thread)).sort(),
    // the eleventh field of the file, two of which are cut off
    ended: Number(fields[8]),
  };
}

function childrenOf(thread: string): string[] {
  try {
    return readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    // a thread may have ended since it was listed
    return [];
  }
}
