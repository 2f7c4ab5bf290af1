/**
 * Allows one command at a time to change the lab; others wait. The lock is an abstract unix socket, which the kernel
 * releases when the process that holds it ends for any reason.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';
import { reportProgress } from './progress.ts';
import { labFolder } from './settings.ts';
import { waitUntil } from './wait.ts';

const timeoutMs = 15 * 60_000;
const name = `\0barnraiser-lab-${createHash('sha256').update(labFolder).digest('hex').slice(0, 16)}`;

export async function withLabLock<T>(work: () => Promise<T>): Promise<T> {
  let lock = await tryLock();
  if (!lock) {
    reportProgress('waiting for another lab command');
    await waitUntil(async () => {
      lock = await tryLock();
      return lock !== undefined;
    }, timeoutMs);
  }
  if (!lock) {
    throw new Error(`Another lab command has been using ${labFolder} for 15 minutes. Stop it, then try again.`);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** Resolves with the lock, or with undefined if another process holds it. */
function tryLock(): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => {
      if ('code' in error && error.code === 'EADDRINUSE') {
        resolve(undefined);
      } else {
        reject(error);
      }
    });
    server.listen({ path: name }, () => resolve(server));
  });
}
