import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { diskFailure, systemCode } from '../system/file-errors.ts';

const heartbeatMs = 15_000;

/** An owner that gave no sign for this long is gone, even if some process has its number now. */
const silentMs = 8 * heartbeatMs;

/** Process numbers mean nothing on another host that shares the folder, or in another container. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * The folder of one open store inside the work folder: its unfinished blobs and its leases. Its name carries the process's
 * number and its time is the process's heartbeat, so that others can tell what a dead process has left behind.
 */
export class StagingArea {
  readonly folder: string;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(folder: string) {
    this.folder = folder;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      // where it was swept away during a long sleep it comes back: its leases write themselves anew
      utimes(folder, now, now).catch(() => mkdir(folder, { recursive: true }).catch(() => undefined));
    }, heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Takes a place in the work folder, which is made where it is missing. */
  static async open(work: string): Promise<StagingArea> {
    const folder = join(work, `${process.pid}-${host}-${randomBytes(4).toString('hex')}`);
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw diskFailure(error, folder);
    }
    return new StagingArea(folder);
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The folders of owners that are alive. */
export async function liveStagingAreas(work: string): Promise<string[]> {
  const owners = await ownersOf(work);
  return owners.filter(({ alive }) => alive).map(({ folder }) => folder);
}

/** Removes what dead owners have left behind. */
export async function sweepStagingAreas(work: string): Promise<void> {
  for (const { folder, alive } of await ownersOf(work)) {
    if (!alive) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function ownersOf(work: string): Promise<{ folder: string; alive: boolean }[]> {
  const names = await readdir(work);
  return Promise.all(
    names.map(async (name) => ({ folder: join(work, name), alive: await isAlive(join(work, name), name) })),
  );
}

async function isAlive(folder: string, name: string): Promise<boolean> {
  const [pid, ownerHost] = name.split('-');
  if (ownerHost === host && !isRunning(Number(pid))) {
    return false;
  }
  const lastSign = await stat(folder).catch(() => undefined);
  return lastSign !== undefined && Date.now() - lastSign.mtimeMs < silentMs;
}

function isRunning(pid: number): boolean {
  try {
    // signal 0 only asks
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user
    return systemCode(error) === 'EPERM';
  }
}
