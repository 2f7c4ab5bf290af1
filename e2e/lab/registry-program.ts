/** Starting Debian's docker-registry. It runs out of a root file system, so it needs neither root nor an installation. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { existingRootOf, toolsKind } from './root-file-system.ts';

/** Starts a registry; `configFile` stays on its command line. Unless it may outlive this process, it ends with it. */
export async function spawnRegistry(
  configFile: string,
  logFile: string,
  { mayOutliveUs }: { mayOutliveUs: boolean },
): Promise<ChildProcess> {
  const root = await existingRootOf(toolsKind);
  // The program together with its own release's loader and libraries, whatever this machine has.
  const loader = path.join(root, 'lib64/ld-linux-x86-64.so.2');
  const libraries = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const program = path.join(root, 'usr/bin/docker-registry');
  const command = [loader, '--library-path', libraries, program, 'serve', configFile];
  const log = openSync(logFile, 'w');
  try {
    const stdio: StdioOptions = ['ignore', log, log];
    return mayOutliveUs
      ? spawn(loader, command.slice(1), { stdio, detached: true })
      : spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio });
  } finally {
    closeSync(log);
  }
}

/** Whether a registry answers, be it with "who are you". */
export async function registryAnswers(address: string): Promise<boolean> {
  const response = await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  return response?.status === 200 || response?.status === 401;
}
