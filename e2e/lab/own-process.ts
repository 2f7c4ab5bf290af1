/**
 * Processes that outlive the command which started them. A pid file alone proves nothing (pids are used again), so a
 * process counts as ours only if its command line still holds a path inside the lab that no other program would name.
 */
import { readFile, rm } from 'node:fs/promises';
import { asRoot, run } from './command.ts';
import { until } from './until.ts';

export interface OwnProcess {
  pid: number;
  commandLine: string[];
}

/** The process that `pidFile` tells of, if it lives and `marker` is one of its arguments. */
export async function findOwnProcess(pidFile: string, marker: string): Promise<OwnProcess | undefined> {
  const pid = Number(await readOrEmpty(pidFile));
  if (!Number.isInteger(pid) || pid <= 1) {
    return undefined;
  }
  const commandLine = (await readOrEmpty(`/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  return commandLine.includes(marker) ? { pid, commandLine } : undefined;
}

/** Pid of the first child of a process. */
export async function childOf(pid: number): Promise<number | undefined> {
  const [first] = (await readOrEmpty(`/proc/${pid}/task/${pid}/children`)).trim().split(' ');
  return first ? Number(first) : undefined;
}

/** Kills the process if it is ours, waits until it and its child have left, and forgets the pid file. */
export async function endOwnProcess(pidFile: string, marker: string): Promise<void> {
  const own = await findOwnProcess(pidFile, marker);
  if (own) {
    const child = await childOf(own.pid);
    await run(asRoot('kill', '-KILL', String(own.pid)));
    const gone = async () => (await hasEnded(own.pid)) && (child === undefined || (await hasEnded(child)));
    if (!(await until(gone, 20_000))) {
      throw new Error(`Process ${own.pid} (${marker}) does not end.`);
    }
  }
  await rm(pidFile, { force: true });
}

/**
 * Whether a process is gone or a zombie. Process 1 of a pid namespace becomes one only when every other process of the
 * namespace has ended, so its ports are free then.
 */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  // The state follows the program's name, which stands in parentheses and may hold any character.
  return stat === '' || /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

async function readOrEmpty(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
