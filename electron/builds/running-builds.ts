import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Platform } from '../../shared/platform.ts';
import { diskFailure } from '../system/file-errors.ts';
import { Heartbeat, readHeartbeat } from '../system/heartbeat.ts';
import { watchEntries } from '../system/watch-entries.ts';

/** How often the process of a build looks for requests to cancel it, in milliseconds. */
const requestPollMs = 500;

/** How often a process looks whether the build of another process has ended, in milliseconds. */
const endPollMs = 200;

const idPattern = /^[\w-]+$/;

/**
 * The builds that run now, in any process that shares the folder. Each has a heartbeat in the folder, named by its id.
 * Another process requests its cancellation with a file `ID.cancel` or `ID.cancel.PLATFORM`.
 */
export class RunningBuilds {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Shows all processes that this one runs a build, until the returned function is called.
   * @param onCancel called when another process requests the cancellation of the build or of a platform, see
   *   {@link platformName}
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async hold(id: string, onCancel: (platformName?: string) => void): Promise<() => Promise<void>> {
    const path = join(this.#folder, id);
    const heartbeat = await Heartbeat.start(path).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
    const takeRequests = async (): Promise<void> => {
      const names = await readdir(this.#folder).catch(() => []);
      for (const name of names.filter((other) => other.startsWith(`${id}.cancel`))) {
        await rm(join(this.#folder, name), { force: true });
        onCancel(name.split('.')[2]);
      }
    };
    const timer = setInterval(() => void takeRequests().catch(() => undefined), requestPollMs);
    return async () => {
      clearInterval(timer);
      await heartbeat.stop();
    };
  }

  async isRunning(id: string): Promise<boolean> {
    // an id that a front end gives may be a path
    return idPattern.test(id) && (await readHeartbeat(join(this.#folder, id))) === 'alive';
  }

  /** The ids of all running builds, oldest first. Removes the files of builds that no longer run. */
  async list(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const ids = [...new Set(names.map(idOf))].sort();
    const areRunning = await Promise.all(ids.map((id) => this.isRunning(id)));
    const running = new Set(ids.filter((_, position) => areRunning[position]));
    const left = names.filter((name) => !running.has(idOf(name)));
    await Promise.all(left.map((name) => rm(join(this.#folder, name), { force: true }).catch(() => undefined)));
    return [...running];
  }

  /**
   * Calls `onChange` with the id of each build that starts or ends from now on, in any process. Where the system cannot
   * watch the folder, only {@link list} tells.
   * @returns a function that stops it
   */
  async watch(onChange: (id: string) => void): Promise<() => void> {
    // removes what was left behind before
    await this.list().catch(() => []);
    return watchEntries(this.#folder, (name) => {
      if (idPattern.test(name)) {
        onChange(name);
      }
    });
  }

  /**
   * Requests the cancellation of a build, or of one of its platforms, from the process that runs it.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async requestCancel(id: string, platform?: Platform): Promise<void> {
    const path = join(this.#folder, platform === undefined ? `${id}.cancel` : `${id}.cancel.${platformName(platform)}`);
    await writeFile(path, '', { mode: 0o600 }).catch((error: unknown) => {
      throw diskFailure(error, path);
    });
  }

  /** Resolves when no process runs the build. */
  async ended(id: string): Promise<void> {
    while (await this.isRunning(id)) {
      await delay(endPollMs);
    }
  }
}

/** A platform as a part of file names. */
export function platformName(platform: Platform): string {
  return platform.replaceAll('/', '-');
}

function idOf(name: string): string {
  return name.split('.', 1)[0] ?? '';
}
