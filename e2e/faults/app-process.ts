/** The app in a process of its own, whose memory and descriptors are measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'undici';
import { z } from 'zod';
import type { Person } from '../harness.ts';

export interface AppProcess {
  readonly pid: number;
  measure(): Promise<AppFigures>;
  close(): Promise<void>;
}

export interface AppFigures {
  /** After a collection of garbage, in bytes. */
  readonly heap: number;
  readonly resident: number;
  /** Open descriptors by kind. */
  readonly descriptors: Readonly<Record<string, number>>;
}

const browser = resolve(import.meta.dirname, '..', '..', 'out', 'main', 'browser.cjs');

/** Starts the browser front end, which terminals of the person use from then on. */
export async function startApp({ env }: Pick<Person, 'env'>): Promise<AppProcess> {
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', browser, '--no-window'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const inspector = new Promise<string>((found) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const [, address] = /Debugger listening on (ws:\S+)/.exec(line) ?? [];
      if (address) {
        found(address);
      }
    });
  });
  await new Promise<void>((ready, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.includes('http://') && ready());
    child.once('exit', (code) => failed(new Error(`The app exited with code ${code}.`)));
  });
  const pid = child.pid ?? 0;
  const debug = await connect(await inspector);
  return {
    pid,
    measure: async () => {
      await debug.send('HeapProfiler.collectGarbage');
      const { usedSize } = z.object({ usedSize: z.number() }).parse(await debug.send('Runtime.getHeapUsage'));
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return {
        heap: usedSize,
        resident: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024,
        descriptors: await descriptorsOf(pid),
      };
    },
    close: async () => {
      debug.close();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Open descriptors of a process by kind, such as `socket`, `pipe` and `file`. */
async function descriptorsOf(pid: number): Promise<Record<string, number>> {
  const folder = `/proc/${pid}/fd`;
  const counts: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    const target = await readlink(join(folder, name)).catch(() => undefined);
    if (target !== undefined) {
      const kind = target.startsWith('/') ? 'file' : target.replace(/:\[\d+\]$/, '');
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
  }
  return counts;
}

/** The protocol of V8's inspector. */
async function connect(address: string) {
  const socket = new WebSocket(address);
  await once(socket, 'open');
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data));
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  return {
    send: (method: string): Promise<unknown> =>
      new Promise((resolve) => {
        last += 1;
        waiting.set(last, resolve);
        socket.send(JSON.stringify({ id: last, method }));
      }),
    close: () => socket.close(),
  };
}
