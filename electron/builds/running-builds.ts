import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { diskFailure, errnoCode } from '../system/file-errors.ts';
import { withFileLock } from '../system/file-lock.ts';
import { Heartbeat, readHeartbeat } from '../system/heartbeat.ts';
import { watchEntries } from '../system/watch-entries.ts';

/** What another process may request of a build. */
export type BuildRequested = 'cancel' | 'retry';

/** How often the process of a build looks for requests, in milliseconds. */
const requestPollMs = 500;

/** How often a process looks whether the build of another process has ended, in milliseconds. */
const endPollMs = 200;

const idPattern = /^[\w-]+$/;

/**
 * The builds that run now, in any process that shares the folder. Each has a heartbeat in the folder, named by its id.
 * Another process requests its cancellation with a file `ID.cancel` or `ID.cancel.PLATFORM`, and that a platform is built again with
 * `ID.retry.PLATFORM`.
 */
export class RunningBuilds {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Shows all processes that this one runs a build, until the returned function is called.
   * @param onRequest called when another process requests something of the build or of a platform, see {@link platformName}
   * @throws Failure `disk.full`, `settings.unwritable`, `build.running` if another process runs it
   */
  async hold(
    id: string,
    onRequest: (request: BuildRequested, platformName?: string) => void,
  ): Promise<() => Promise<void>> {
    const path = join(this.#folder, id);
    // removes what killed processes have left behind
    await this.list().catch(() => []);
    const heartbeat = await startHeartbeat(id, path).catch((error: unknown) => {
      throw error instanceof Failure ? error : diskFailure(error, path);
    });
    const takeRequests = async (): Promise<void> => {
      const names = await readdir(this.#folder).catch(() => []);
      for (const name of names.filter((other) => idOf(other) === id)) {
        const [, kind, platform] = name.split('.');
        if (kind === 'cancel' || kind === 'retry') {
          await rm(join(this.#folder, name), { force: true });
          onRequest(kind, platform);
        }
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
    return idPattern.test(id) && (await isHeld(join(this.#folder, id)));
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

  /** The ids of builds whose process has died and whose files are still there, oldest first. */
  async dead(): Promise<string[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => idPattern.test(name));
    const states = await Promise.all(names.map((name) => readHeartbeat(join(this.#folder, name))));
    return names.filter((_, position) => states[position] === 'dead').sort();
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
    await this.#request(platform === undefined ? `${id}.cancel` : `${id}.cancel.${platformName(platform)}`);
  }

  /**
   * Requests that a platform which has failed is built again, from the process that runs the build.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async requestRetry(id: string, platform: Platform): Promise<void> {
    await this.#request(`${id}.retry.${platformName(platform)}`);
  }

  async #request(name: string): Promise<void> {
    const path = join(this.#folder, name);
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

/** A process that is suspended goes on with its build when it is continued. */
async function isHeld(path: string): Promise<boolean> {
  return ['alive', 'asleep'].includes(await readHeartbeat(path));
}

/** Replaces the heartbeat of a dead process. @throws Failure `build.running`, and system errors */
async function startHeartbeat(id: string, path: string): Promise<Heartbeat> {
  try {
    return await Heartbeat.start(path);
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') {
      throw error;
    }
  }
  return withFileLock(path, async () => {
    if (await isHeld(path)) {
      throw fail('build.running', `Build ${id} is running.`, 'Wait for its end, or cancel it.');
    }
    await rm(path, { force: true });
    return Heartbeat.start(path);
  });
}

/** A platform as a part of file names. */
export function platformName(platform: Platform): string {
  return platform.replaceAll('/', '-');
}

function idOf(name: string): string {
  return name.split('.', 1)[0] ?? '';
}
