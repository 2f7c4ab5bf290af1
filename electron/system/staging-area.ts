import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure } from './file-errors.ts';
import { Heartbeat, isModifiedRecently, readHeartbeat } from './heartbeat.ts';

const heartbeatName = 'heartbeat';

/**
 * The folder of one process inside a work folder that several processes share, for what is of no use when the process has
 * ended: incomplete blobs, leases, packed contexts. By its heartbeat, other processes recognize what a dead process has left
 * behind.
 */
export class StagingArea {
  readonly folder: string;
  readonly #heartbeat: Heartbeat;

  private constructor(folder: string, heartbeat: Heartbeat) {
    this.folder = folder;
    this.#heartbeat = heartbeat;
  }

  /** Creates a staging area, and the work folder if it does not exist. */
  static async open(workFolder: string): Promise<StagingArea> {
    const folder = join(workFolder, `${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      return new StagingArea(folder, await Heartbeat.start(join(folder, heartbeatName)));
    } catch (error) {
      throw diskFailure(error, folder);
    }
  }

  async close(): Promise<void> {
    await this.#heartbeat.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The folders of the staging areas of live processes. */
export async function listLiveStagingAreas(workFolder: string): Promise<string[]> {
  const areas = await listStagingAreas(workFolder);
  return areas.filter(({ isAlive }) => isAlive).map(({ folder }) => folder);
}

/**
 * Removes the staging areas of dead processes, and files that older versions left in the work folder.
 * @param keeps which files stay although their process is dead
 */
export async function removeStaleStagingAreas(
  workFolder: string,
  keeps: (path: string) => Promise<boolean> = async () => false,
): Promise<void> {
  for (const folder of await listDeadStagingAreas(workFolder)) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name !== heartbeatName);
    const kept = await Promise.all(names.map((name) => keeps(join(folder, name))));
    const others = names.filter((_, index) => !kept[index]);
    // without its heartbeat, what is kept would be taken for that of a process that has just started
    const removed = kept.some(Boolean) ? others.map((name) => join(folder, name)) : [folder];
    for (const path of removed) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** The folders of the staging areas of dead processes. */
export async function listDeadStagingAreas(workFolder: string): Promise<string[]> {
  const areas = await listStagingAreas(workFolder);
  return areas.filter(({ isAlive }) => !isAlive).map(({ folder }) => folder);
}

async function listStagingAreas(workFolder: string): Promise<{ folder: string; isAlive: boolean }[]> {
  const names = await readdir(workFolder);
  return Promise.all(
    names.map(async (name) => {
      const folder = join(workFolder, name);
      return { folder, isAlive: await isStagingAreaAlive(folder) };
    }),
  );
}

async function isStagingAreaAlive(folder: string): Promise<boolean> {
  const heartbeat = await readHeartbeat(join(folder, heartbeatName));
  // without a heartbeat it is just being created, or is of an older version, which modified the folder instead
  return heartbeat === 'none' ? isModifiedRecently(folder).catch(() => false) : heartbeat !== 'dead';
}
