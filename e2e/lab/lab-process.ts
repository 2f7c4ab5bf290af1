/**
 * Processes that keep running after the command that started them. A pid file alone is not sufficient, since pids are reused.
 * So a process counts as the lab's only if its command line holds a path in the lab's folder.
 */
import { readFile, rm } from 'node:fs/promises';
import { asRoot, run } from './command.ts';
import { waitUntil } from './wait.ts';

export interface LabProcess {
  pid: number;
  commandLine: string[];
}

/** The process with the pid in `pidFile`, if it runs and `marker` is one of its arguments. */
export async function findLabProcess(pidFile: string, marker: string): Promise<LabProcess | undefined> {
  const pid = Number(await readOrEmpty(pidFile));
  if (!Number.isInteger(pid) || pid <= 1) {
    return undefined;
  }
  const commandLine = (await readOrEmpty(`/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  return commandLine.includes(marker) ? { pid, commandLine } : undefined;
}

/** Pid of the first child of a process. */
export async function findChild(pid: number): Promise<number | undefined> {
  const [first] = (await readOrEmpty(`/proc/${pid}/task/${pid}/children`)).trim().split(' ');
  return first ? Number(first) : undefined;
}

/**
 * Kills the process if it is the lab's, waits until it and its child have ended, and removes the pid file.
 * @throws Error if it does not end
 */
export async function endLabProcess(pidFile: string, marker: string): Promise<void> {
  const process = await findLabProcess(pidFile, marker);
  if (process) {
    const { pid } = process;
    const child = await findChild(pid);
    await run(asRoot('kill', '-KILL', String(pid)));
    const haveEnded = async () => (await hasEnded(pid)) && (child === undefined || (await hasEnded(child)));
    if (!(await waitUntil(haveEnded, 20_000))) {
      throw new Error(`Process ${pid} (${marker}) does not end.`);
    }
  }
  await rm(pidFile, { force: true });
}

/**
 * Whether a process has ended, possibly as a zombie. Process 1 of a pid namespace becomes a zombie only after all other
 * processes of the namespace have ended, so its ports are free then.
 */
async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  // the state follows the program's name, which is in parentheses and may hold any character
  return stat === '' || /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

async function readOrEmpty(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
