/** Starts Debian's docker-registry from a root file system, so it needs neither root nor an installation. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { findRoot, toolsKind } from './root-file-system.ts';

/**
 * Starts a registry. Its command line holds `configFile`, by which it can be found later.
 * @param isDetached whether it keeps running after this process has ended
 */
export async function spawnRegistry(
  configFile: string,
  logFile: string,
  { isDetached }: { isDetached: boolean },
): Promise<ChildProcess> {
  const root = await findRoot(toolsKind);
  // the loader and the libraries of the program's own Debian release, since this machine's may differ
  const loader = path.join(root, 'lib64/ld-linux-x86-64.so.2');
  const libraries = path.join(root, 'usr/lib/x86_64-linux-gnu');
  const program = path.join(root, 'usr/bin/docker-registry');
  const command = [loader, '--library-path', libraries, program, 'serve', configFile];
  const log = openSync(logFile, 'w');
  try {
    const stdio: StdioOptions = ['ignore', log, log];
    return isDetached
      ? spawn(loader, command.slice(1), { stdio, detached: true })
      : spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio });
  } finally {
    closeSync(log);
  }
}

/** Whether a registry answers, also if it requires authentication. */
export async function isRegistryUp(address: string): Promise<boolean> {
  const response = await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
  return response?.status === 200 || response?.status === 401;
}
