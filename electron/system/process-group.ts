import { spawn } from 'node:child_process';

/** What signals are sent with, as a parameter for tests. */
export interface SignalSystem {
  readonly platform: NodeJS.Platform;
  /** @throws Error if there is no such process, or no such signal */
  readonly kill: (pid: number, signal: NodeJS.Signals | 0) => void;
  /** Ends a process of Windows with all that it has started. */
  readonly endTree: (pid: number) => void;
}

const thisSystem: SignalSystem = {
  platform: process.platform,
  kill: (pid, signal) => void process.kill(pid, signal),
  endTree: (pid) => {
    const taskkill = spawn('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
    // without taskkill, at least the process itself
    taskkill.on('error', () => endProcess(pid));
  },
};

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/**
 * Signals a process that was started as the leader of a process group, and all that it has started. Windows has neither
 * process groups nor signals that ask a process to end: there, every signal but 0 ends them at once.
 * @param signal 0 only checks whether they exist. @returns false where they do not exist
 */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0, system: SignalSystem = thisSystem): boolean {
  try {
    if (system.platform !== 'win32') {
      system.kill(-pid, signal);
      return true;
    }
    system.kill(pid, 0);
    if (signal !== 0) {
      system.endTree(pid);
    }
    return true;
  } catch {
    return false;
  }
}
