import { access, appendFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import {
  type BuildEntry,
  type BuildFilter,
  buildEntrySchema,
  filterWords,
  matchesFilter,
} from '../../shared/build-entry.ts';
import { diskFailure, isMissingPath } from '../system/file-errors.ts';
import { makePrivateFolder } from '../system/private-folder.ts';

/** How many entries are looked up at once. */
const lookupsAtOnce = 32;

/** The file of a day without builds is removed when the day is older than this: no process starts builds in it. */
const emptyDayMs = 2 * 24 * 60 * 60 * 1000;

/** The modification time of the records' folder when the index was last compared with it. */
const checkedName = 'checked';

const fileSuffix = '.jsonl';
const entryLineSchema = z.object({ entry: buildEntrySchema });
const linePattern = /^\{"id":"(?<id>[\w-]+)"(?:,"(?<kind>entry|removed)":.*)?\}$/;

export interface PageRequest {
  /** The id of the last build of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly filter?: BuildFilter | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Page {
  readonly entries: BuildEntry[];
  /** The cursor of the next page. Undefined if there are no more builds. */
  readonly next?: string;
}

/** The builds of one day. */
export interface HistoryDay {
  /** The beginning of their ids. */
  readonly name: string;
  /** Another size means that builds were added or deleted, or have ended. */
  readonly size: number;
  /** The builds of the day, newest first. Some of the builds that are not in the index are missing if there are many. */
  read(): Promise<BuildEntry[]>;
}

/** Other work of the process goes on after so many entries. */
const entriesAtOnce = 200;

/** How many builds that are not in the index yet {@link HistoryIndex.days} reads from their records. */
const maxRecordsOfDays = 500;

/**
 * An index of the history, so that a page of it is read without its records and without listing their folder. The records
 * are the truth: the index is compared with their folder, and what it lacks is added to it.
 *
 * It has a file for each day, named by the beginning of the ids, and only ever appends lines to it, so that several
 * processes may write. The last line of an id counts: `{"id":…,"entry":…}` for an ended build, `{"id":…,"removed":true}` for
 * a deleted one, and `{"id":…}` for a build whose record has to be read.
 */
export class HistoryIndex {
  readonly #folder: string;
  readonly #records: string;
  readonly #read: (id: string) => Promise<BuildEntry | undefined>;
  /** The number of builds of each day, by the size of its file. */
  readonly #counts = new Map<string, { readonly size: number; readonly count: number }>();
  #isFolderMade = false;
  #check: Promise<void> | undefined;

  /** @param records the folder of the records. @param read reads a build from its record; undefined if there is none. */
  constructor(folder: string, records: string, read: (id: string) => Promise<BuildEntry | undefined>) {
    this.#folder = folder;
    this.#records = records;
    this.#read = read;
  }

  /** Adds a build that has started. @throws Failure `disk.full`, `settings.unwritable` */
  add(id: string): Promise<void> {
    return this.#append(dayOf(id), [JSON.stringify({ id })]);
  }

  /** Adds the entry of an ended build, or replaces it. @throws Failure `disk.full`, `settings.unwritable` */
  set(entry: BuildEntry): Promise<void> {
    return this.#append(dayOf(entry.id), [JSON.stringify({ id: entry.id, entry })]);
  }

  /** To be called after the records were deleted. @throws Failure `disk.full`, `settings.unwritable` */
  async remove(ids: readonly string[]): Promise<void> {
    for (const [day, ofDay] of groupByDay(ids)) {
      await this.#append(
        day,
        ofDay.map((id) => JSON.stringify({ id, removed: true })),
      );
      const isOld = day < dayOf(idTime(new Date(Date.now() - emptyDayMs)));
      if (isOld && (await this.#readDay(day)).size === 0) {
        await rm(this.#path(day), { force: true });
      }
    }
  }

  /** A page of builds, newest first. */
  async page({ cursor, limit, filter = {}, signal }: PageRequest): Promise<Page> {
    await this.#waitForCheck();
    const words = filterWords(filter).map((word) => JSON.stringify(word).slice(1, -1));
    const entries: BuildEntry[] = [];
    for (const day of await this.#days()) {
      if (cursor !== undefined && day > dayOf(cursor)) {
        continue;
      }
      signal?.throwIfAborted();
      const lines = await this.#readDay(day);
      const ids = [...lines.keys()].filter((id) => {
        const line = lines.get(id);
        // a line that has the entry is parsed only if it may match
        const canMatch = words.length === 0 || !line || words.every((word) => line.toLowerCase().includes(word));
        return canMatch && (cursor === undefined || id < cursor);
      });
      ids.sort().reverse();
      for (let from = 0; from < ids.length; from += lookupsAtOnce) {
        const batch = ids.slice(from, from + lookupsAtOnce);
        const found = await Promise.all(batch.map((id) => this.#lookUp(id, lines.get(id), filter)));
        entries.push(...found.filter((entry) => entry !== undefined));
        if (entries.length > limit) {
          const page = entries.slice(0, limit);
          return { entries: page, next: page.at(-1)?.id ?? '' };
        }
      }
    }
    return { entries };
  }

  /** The days of the history, newest first. Whether the records are still there is not checked. */
  async *days(): AsyncGenerator<HistoryDay> {
    await this.#waitForCheck();
    let records = 0;
    const read = async (day: string): Promise<BuildEntry[]> => {
      const entries: BuildEntry[] = [];
      for (const [id, line] of [...(await this.#readDay(day))].sort(([one], [other]) => (one < other ? 1 : -1))) {
        records += line === undefined ? 1 : 0;
        const isRead = line === undefined && records <= maxRecordsOfDays;
        const entry = line === undefined ? (isRead ? await this.#read(id) : undefined) : parseEntry(line);
        entries.push(...(entry ? [entry] : []));
        if (entries.length % entriesAtOnce === 0) {
          await setImmediate();
        }
      }
      return entries;
    };
    for (const name of await this.#days()) {
      const { size } = await stat(this.#path(name)).catch(() => ({ size: 0 }));
      yield { name, size, read: () => read(name) };
    }
  }

  /** The ids of all but the newest builds. */
  async idsBeyond(count: number): Promise<string[]> {
    await this.#waitForCheck();
    const beyond: string[] = [];
    let newer = 0;
    for (const day of await this.#days()) {
      const ofDay = await this.#countDay(day);
      if (newer + ofDay > count) {
        const ids = [...(await this.#readDay(day)).keys()].sort().reverse();
        beyond.push(...ids.slice(Math.max(0, count - newer)));
      }
      newer += ofDay;
    }
    return beyond;
  }

  /**
   * Compares the index with the folder of the records, and adds or removes what differs: of older versions, of a process
   * that died, or of a damaged index. Does nothing if the folder has not changed since.
   */
  async check(): Promise<void> {
    const { mtimeMs } = await stat(this.#records).catch(() => ({ mtimeMs: 0 }));
    if ((await this.#checkedMs()) === mtimeMs) {
      return;
    }
    const names = groupByDay((await readdir(this.#records).catch(() => [])).filter((name) => /^[\w-]+$/.test(name)));
    for (const day of new Set([...names.keys(), ...(await this.#days())])) {
      const recorded = new Set(names.get(day));
      const indexed = await this.#readDay(day);
      const missing = [...recorded].filter((id) => !indexed.has(id));
      // a build may have started since the folder was read
      const surplus = await Promise.all(
        [...indexed.keys()]
          .filter((id) => !recorded.has(id))
          .map(async (id) => ((await this.#isRecorded(id)) ? [] : [JSON.stringify({ id, removed: true })])),
      );
      const lines = [...missing.map((id) => JSON.stringify({ id })), ...surplus.flat()];
      if (lines.length > 0) {
        await this.#append(day, lines);
      }
    }
    await this.#makeFolder();
    await writeFile(join(this.#folder, checkedName), String(mtimeMs), { mode: 0o600 });
  }

  /** Starts the check once in this process, and waits for it only if the index was never checked. */
  async #waitForCheck(): Promise<void> {
    if (!this.#check) {
      // an index that cannot be written still lists what is in it
      this.#check = this.check().catch(() => undefined);
      if ((await this.#checkedMs()) === undefined) {
        await this.#check;
      }
    }
  }

  async #checkedMs(): Promise<number | undefined> {
    const text = await readFile(join(this.#folder, checkedName), 'utf8').catch(() => '');
    return text === '' ? undefined : Number(text);
  }

  /** The entry of an indexed build. Undefined if it does not match, or if its record is gone. */
  async #lookUp(id: string, line: string | undefined, filter: BuildFilter): Promise<BuildEntry | undefined> {
    const indexed = line === undefined ? undefined : parseEntry(line);
    const entry = indexed?.id === id ? indexed : await this.#read(id);
    return entry && matchesFilter(entry, filter) && (await this.#isRecorded(id)) ? entry : undefined;
  }

  async #isRecorded(id: string): Promise<boolean> {
    return access(join(this.#records, id)).then(
      () => true,
      () => false,
    );
  }

  /** The days that have builds, newest first. */
  async #days(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const days = names.flatMap((name) => (name.endsWith(fileSuffix) ? [name.slice(0, -fileSuffix.length)] : []));
    return days.sort().reverse();
  }

  async #countDay(day: string): Promise<number> {
    const { size } = await stat(this.#path(day)).catch(() => ({ size: 0 }));
    const known = this.#counts.get(day);
    if (known?.size === size) {
      return known.count;
    }
    const count = (await this.#readDay(day)).size;
    this.#counts.set(day, { size, count });
    return count;
  }

  /** By the id of each build of a day: its line, or undefined if its record has to be read. */
  async #readDay(day: string): Promise<Map<string, string | undefined>> {
    const lines = new Map<string, string | undefined>();
    const text = await readFile(this.#path(day), 'utf8').catch((error: unknown) => {
      if (isMissingPath(error)) {
        return '';
      }
      throw error;
    });
    for (const line of text.split('\n')) {
      // a line that a process could not complete before it died is skipped
      const { id, kind } = linePattern.exec(line)?.groups ?? {};
      if (id !== undefined && kind === 'removed') {
        lines.delete(id);
      } else if (id !== undefined) {
        lines.set(id, kind === 'entry' ? line : undefined);
      }
    }
    return lines;
  }

  async #append(day: string, lines: readonly string[]): Promise<void> {
    await this.#makeFolder();
    try {
      // one write, so that lines of other processes are not in between; the first line end completes the line of a process
      // that died while it wrote
      await appendFile(this.#path(day), `\n${lines.join('\n')}\n`, { mode: 0o600 });
    } catch (error) {
      throw diskFailure(error, this.#path(day));
    }
  }

  async #makeFolder(): Promise<void> {
    if (!this.#isFolderMade) {
      await makePrivateFolder(this.#folder);
      this.#isFolderMade = true;
    }
  }

  #path(day: string): string {
    return join(this.#folder, `${day}${fileSuffix}`);
  }
}

/** The id of a build without its suffix. Ids sort by time. */
export function idTime(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** The beginning of an id that names the day. */
function dayOf(id: string): string {
  return id.slice(0, 8);
}

function groupByDay(ids: readonly string[]): Map<string, string[]> {
  const byDay = new Map<string, string[]>();
  for (const id of ids) {
    const ofDay = byDay.get(dayOf(id));
    if (ofDay) {
      ofDay.push(id);
    } else {
      byDay.set(dayOf(id), [id]);
    }
  }
  return byDay;
}

function parseEntry(line: string): BuildEntry | undefined {
  try {
    return entryLineSchema.parse(JSON.parse(line)).entry;
  } catch {
    return undefined;
  }
}
