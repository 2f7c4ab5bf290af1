import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { diskFailure, errnoCode } from '../system/file-errors.ts';

const heartbeatMs = 15_000;

/** A staging area without a heartbeat for this long is stale, even if a process with its id is running. */
const staleMs = 8 * heartbeatMs;

/** Part of the folder name, because process ids mean nothing to other hosts and containers that share the folder. */
const hostId = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/**
 * The folder of one open image store inside its work folder, with its incomplete blobs and its leases. The folder name
 * holds the process id, and the modification time of the folder is the heartbeat of the process. By both, other
 * processes recognize what a dead process has left behind.
 */
export class StagingArea {
  readonly folder: string;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(folder: string) {
    this.folder = folder;
    this.#heartbeat = setInterval(() => {
      const now = new Date();
      // another process may have removed the folder while this computer was asleep; leases write their files again
      utimes(folder, now, now).catch(() => mkdir(folder, { recursive: true }).catch(() => undefined));
    }, heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Creates a staging area, and the work folder if it does not exist. */
  static async open(workFolder: string): Promise<StagingArea> {
    const folder = join(workFolder, `${process.pid}-${hostId}-${randomBytes(4).toString('hex')}`);
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

/** The folders of the staging areas of live processes. */
export async function listLiveStagingAreas(workFolder: string): Promise<string[]> {
  const areas = await listStagingAreas(workFolder);
  return areas.filter(({ isAlive }) => isAlive).map(({ folder }) => folder);
}

/** Removes the staging areas of dead processes. */
export async function removeStaleStagingAreas(workFolder: string): Promise<void> {
  for (const { folder, isAlive } of await listStagingAreas(workFolder)) {
    if (!isAlive) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function listStagingAreas(workFolder: string): Promise<{ folder: string; isAlive: boolean }[]> {
  const names = await readdir(workFolder);
  return Promise.all(
    names.map(async (name) => {
      const folder = join(workFolder, name);
      return { folder, isAlive: await isStagingAreaAlive(folder, name) };
    }),
  );
}

async function isStagingAreaAlive(folder: string, name: string): Promise<boolean> {
  const [pid, ownHostId] = name.split('-');
  if (ownHostId === hostId && !isProcessRunning(Number(pid))) {
    return false;
  }
  const stats = await stat(folder).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs < staleMs;
}

function isProcessRunning(pid: number): boolean {
  try {
    // signal 0 only checks whether the process exists
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user
    return errnoCode(error) === 'EPERM';
  }
}
