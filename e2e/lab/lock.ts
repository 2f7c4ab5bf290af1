/**
 * One command at a time may change the lab; others wait for it. The lock is an abstract unix socket: the kernel frees it
 * with the process that holds it, however that ends.
 */
import { createHash } from 'node:crypto';
import net from 'node:net';
import { say } from './progress.ts';
import { labFolder } from './settings.ts';
import { until } from './until.ts';

const patienceMs = 15 * 60_000;
const name = `\0barnraiser-lab-${createHash('sha256').update(labFolder).digest('hex').slice(0, 16)}`;

export async function withLabLock<T>(work: () => Promise<T>): Promise<T> {
  let lock = await take();
  if (!lock) {
    say('another lab command is at work, waiting for it');
    await until(async () => {
      lock = await take();
      return lock !== undefined;
    }, patienceMs);
  }
  if (!lock) {
    throw new Error(`Another lab command has been at work on ${labFolder} for 15 minutes. End it, then try again.`);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** The lock, or nothing while somebody else holds it. */
function take(): Promise<net.Server | undefined> {
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
