import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import type { Build } from '../../shared/build.ts';
import { type BuildEntry, entryOf } from '../../shared/build-entry.ts';
import type { ManifestList } from '../../shared/image.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import { keepIfOlder, readVersioned } from '../settings/versioned-file.ts';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { makePrivateFolder } from '../system/private-folder.ts';
import { watchEntries } from '../system/watch-entries.ts';
import { buildRecord, formatRecord, parseRecord, unreadableEntry } from './build-record-file.ts';
import { type HistoryDay, HistoryIndex, idTime, type Page, type PageRequest } from './history-index.ts';
import { outcomeOfInterrupted } from './interrupted-build.ts';
import { platformName, type RunningBuilds } from './running-builds.ts';

const recordName = 'build.json';

const idPattern = /^[\w-]+$/;

/** How many builds are deleted at once. */
const deletionsAtOnce = 8;

/** The history of builds: for each build its request, outcome and times as JSON, its Containerfile and its logs. */
export class History {
  readonly #folder: string;
  readonly #running: RunningBuilds;
  readonly #findList: (reference: string) => Promise<ManifestList>;
  readonly #index: HistoryIndex;
  #isFolderMade = false;
  /** Builds of this process, whose records have the present version. */
  readonly #current = new Set<string>();

  /**
   * @param folder holds a folder for each build, named by its id. @param running a build that is recorded as running and
   *   is not one of them was interrupted. @param findList finds the manifest list that is stored under a reference.
   */
  constructor(folder: string, running: RunningBuilds, findList: (reference: string) => Promise<ManifestList>) {
    this.#folder = folder;
    this.#running = running;
    this.#findList = findList;
    this.#index = new HistoryIndex(`${folder}.index`, folder, (id) => this.#readEntry(id));
  }

  /** An id that sorts by time and is a valid file name on every system. */
  static newId(now: Date, suffix: string): string {
    return `${idTime(now)}-${suffix}`;
  }

  logPath(id: string, platform: Platform): string {
    return join(this.#folder, id, `${platformName(platform)}.log`);
  }

  /**
   * Makes the folder of a build that starts.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async start(id: string): Promise<void> {
    if (!this.#isFolderMade) {
      // a folder of an older version may be open to other users
      await makePrivateFolder(this.#folder);
      this.#isFolderMade = true;
    }
    await makePrivateFolder(join(this.#folder, id));
    // the index is repaired later if it cannot be written now
    await this.#index.add(id).catch(() => undefined);
  }

  /** @throws Failure `disk.full`, `settings.unwritable` */
  async save(build: Build): Promise<void> {
    const path = join(this.#folder, build.id, recordName);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await this.#keepOldRecord(build.id, path);
      await writeFileAtomic(path, formatRecord(build), { mode: 0o600 });
    } catch (error) {
      throw diskFailure(error, path);
    }
    if (build.status !== 'running') {
      this.#current.delete(build.id);
      await this.#index.set(entryOf(build)).catch(() => undefined);
    }
  }

  /** A build that is resumed may have a record of an older version. */
  async #keepOldRecord(id: string, path: string): Promise<void> {
    if (this.#current.has(id)) {
      return;
    }
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) {
      await keepIfOlder(path, readVersioned(text, buildRecord), buildRecord.version);
    }
    this.#current.add(id);
  }

  /** @throws Failure `build.unknown`, `build.newer`, `build.damaged` */
  async get(id: string): Promise<Build> {
    if (!idPattern.test(id)) {
      throw unknownFailure(id);
    }
    return this.#withOutcome(await this.#readRecord(id));
  }

  /**
   * Saves the Containerfile that is built, so that steps can be shown in it even if the file changes later.
   * @throws Failure `disk.full`, `settings.unwritable`
   */
  async saveContainerfile(id: string, content: Uint8Array): Promise<void> {
    const copy = join(this.#folder, id, 'Containerfile');
    await writeFile(copy, content, { mode: 0o600 }).catch((error: unknown) => {
      throw diskFailure(error, copy);
    });
  }

  /** The saved Containerfile of a build. @throws Failure of {@link get} */
  async containerfile(id: string): Promise<{ path: string; text: string }> {
    const { request, containerfile } = await this.get(id);
    const text = await readFile(join(this.#folder, id, 'Containerfile'), 'utf8').catch(() => '');
    // builds of older versions do not say which file they found
    return { path: containerfile ?? request.file ?? 'Containerfile', text };
  }

  /** @throws Failure `build.unknown` if there is no build, not even an unreadable one */
  async assertExists(id: string): Promise<void> {
    const exists =
      idPattern.test(id) &&
      (await access(join(this.#folder, id)).then(
        () => true,
        () => false,
      ));
    if (!exists) {
      throw unknownFailure(id);
    }
  }

  /** Deletes a build and its logs, also if its record cannot be read. @throws Failure `build.unknown` */
  async remove(id: string): Promise<void> {
    await this.assertExists(id);
    await this.discard(id);
  }

  /**
   * Deletes all but the newest builds. Running builds stay. A build that cannot be deleted is tried again at the next
   * call.
   * @returns the ids of the deleted builds
   */
  async retain(count: number): Promise<string[]> {
    const old = await this.#index.idsBeyond(count);
    // another Barnraiser process may delete the same builds at the same time
    const deleted = await pLimit(deletionsAtOnce).map(old, async (id) =>
      (await this.#running.isRunning(id)) || !(await this.#delete(id).catch(() => false)) ? [] : [id],
    );
    await this.#index.remove(deleted.flat()).catch(() => undefined);
    return deleted.flat();
  }

  /** Deletes what there is of a build. */
  async discard(id: string): Promise<void> {
    await this.#delete(id);
    await this.#index.remove([id]).catch(() => undefined);
  }

  async #delete(id: string): Promise<true> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
    return true;
  }

  /**
   * Calls `onRemoved` with the id of each build that is deleted from now on, by any process. Where the system cannot watch the
   * folder, nothing is reported. @returns a function that stops it
   */
  watchRemoved(onRemoved: (id: string) => void): Promise<() => void> {
    return watchEntries(this.#folder, (id) => {
      if (idPattern.test(id)) {
        void access(join(this.#folder, id)).catch(() => onRemoved(id));
      }
    });
  }

  /** A page of the builds, newest first. Builds whose record cannot be read are in it as `unreadable`. */
  list(request: PageRequest): Promise<Page> {
    return this.#index.page(request);
  }

  /** The days of the history, newest first, with light entries of their builds. */
  days(): AsyncIterable<HistoryDay> {
    return this.#index.days();
  }

  /** The entry of a build from its record. Undefined if there is no record. */
  async #readEntry(id: string): Promise<BuildEntry | undefined> {
    try {
      const build = await this.get(id);
      const entry = entryOf(build);
      // the next page has it from the index; a build that was interrupted may still be running on another host
      if (build.status !== 'running' && build.status !== 'interrupted' && build.durationMs !== undefined) {
        await this.#index.set(entry).catch(() => undefined);
      }
      return entry;
    } catch (error) {
      if (error instanceof Failure && error.problem.code === 'build.unknown') {
        return undefined;
      }
      return unreadableEntry(id, await readFile(join(this.#folder, id, recordName), 'utf8').catch(() => ''), error);
    }
  }

  /** @throws Failure `build.unknown`, `build.newer`, `build.damaged` */
  async #readRecord(id: string): Promise<Build> {
    let text: string;
    try {
      text = await readFile(join(this.#folder, id, recordName), 'utf8');
    } catch (error) {
      throw isMissingPath(error) ? unknownFailure(id) : error;
    }
    return parseRecord(id, text);
  }

  async #withOutcome(build: Build): Promise<Build> {
    if (build.status !== 'running' || (await this.#running.isRunning(build.id))) {
      return build;
    }
    // it may have ended after the record was read
    const newest = await this.#readRecord(build.id);
    return newest.status === 'running' ? outcomeOfInterrupted(newest, this.#findList) : newest;
  }
}

function unknownFailure(id: string): Failure {
  return fail('build.unknown', `There is no build "${id}".`, 'Choose one of the list of builds.').offering({
    id: 'show-builds',
  });
}
