import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { NodeHistory, rangeMs, sampleRangeNames, sampleRanges } from '../../shared/node-history.ts';
import { sampleSchema } from '../../shared/sample.ts';
import { readVersioned } from '../settings/versioned-file.ts';
import { withFileLock } from '../system/file-lock.ts';
import { makePrivateFolder } from '../system/private-folder.ts';

/** Ten times the size that a file has. */
const maxFileBytes = 1024 * 1024;

const samplesSchema = z.array(sampleSchema).max(1000);
export const sampleRecord = {
  version: dataFormats.samples.version,
  schema: z.object({
    samples: z.object({ minutes: samplesSchema, hours: samplesSchema, day: samplesSchema }),
  }),
};

interface Entry {
  readonly history: NodeHistory;
  /** The last change of the file that was read or written. In milliseconds since 1970. */
  fileMs: number;
  hasChanged: boolean;
  /** The file is of a newer Barnraiser, and stays as it is. */
  isNewer: boolean;
}

/**
 * The histories of nodes, by the URIs of their connections: in memory, and in a small file for each node. Several processes may
 * have the same files, and join what each of them has seen.
 */
export class SampleStore {
  readonly #folder: string;
  readonly #entries = new Map<string, Entry>();
  #isFolderMade = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The history of a node with what is in its file now. An unreadable file only means that less is known. */
  async read(uri: string): Promise<NodeHistory> {
    const entry = this.#entry(uri);
    await this.#readFile(uri, entry);
    return entry.history;
  }

  /** The history of a node to add to, without what its file may have. {@link save} keeps the additions. */
  change(uri: string): NodeHistory {
    const entry = this.#entry(uri);
    entry.hasChanged = true;
    return entry.history;
  }

  /** Writes what has changed. What cannot be written now is written the next time. */
  async save(): Promise<void> {
    for (const [uri, entry] of this.#entries) {
      if (entry.hasChanged) {
        entry.hasChanged = false;
        await this.#write(uri, entry).catch(() => {
          entry.hasChanged = true;
        });
      }
    }
  }

  /** Forgets all nodes but these, and removes files that are older than what is kept. */
  async retain(uris: ReadonlySet<string>): Promise<void> {
    for (const uri of this.#entries.keys()) {
      if (!uris.has(uri)) {
        this.#entries.delete(uri);
      }
    }
    const oldestMs = Date.now() - rangeMs('day');
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const path = join(this.#folder, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (mtimeMs < oldestMs) {
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
      }
    }
  }

  #entry(uri: string): Entry {
    const known = this.#entries.get(uri);
    if (known) {
      return known;
    }
    const entry = { history: new NodeHistory(), fileMs: 0, hasChanged: false, isNewer: false };
    this.#entries.set(uri, entry);
    return entry;
  }

  async #readFile(uri: string, entry: Entry): Promise<void> {
    const path = this.#path(uri);
    const { mtimeMs, size } = await stat(path).catch(() => ({ mtimeMs: 0, size: 0 }));
    if (mtimeMs === entry.fileMs || size > maxFileBytes) {
      return;
    }
    entry.fileMs = mtimeMs;
    const file = readVersioned(await readFile(path, 'utf8').catch(() => ''), sampleRecord);
    entry.isNewer = file.kind === 'newer';
    const latest = Date.now() + sampleRanges.day.stepMs;
    for (const range of sampleRangeNames) {
      // of a clock that was ahead
      const samples = file.kind === 'valid' ? file.value.samples[range].filter(({ at }) => at <= latest) : [];
      entry.history.merge(range, samples);
    }
  }

  async #write(uri: string, entry: Entry): Promise<void> {
    const path = this.#path(uri);
    if (!this.#isFolderMade) {
      await makePrivateFolder(this.#folder);
      this.#isFolderMade = true;
    }
    await withFileLock(path, async (assertHeld) => {
      await this.#readFile(uri, entry);
      if (entry.isNewer) {
        return;
      }
      assertHeld();
      // a file that a power failure damages is worth less than the wear of a disk
      await writeFileAtomic(path, JSON.stringify({ version: sampleRecord.version, samples: entry.history }), {
        mode: 0o600,
        fsync: false,
      });
      entry.fileMs = (await stat(path)).mtimeMs;
    });
  }

  #path(uri: string): string {
    return join(this.#folder, `${createHash('sha256').update(uri).digest('hex').slice(0, 16)}.json`);
  }
}
