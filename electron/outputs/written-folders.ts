/** The folders that outputs have made. One that was not changed since may be replaced by the next output to its path. */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import { readVersioned, type VersionedContent } from '../settings/versioned-file.ts';

const maxFolders = 500;
/** More than a root file system has. */
const maxEntries = 2_000_000;

export const writtenFoldersRecord = {
  version: dataFormats.outputFolders.version,
  schema: z.object({
    /** The newest last. `changedMs`: when the folder itself was changed last, by the clock of its file system. */
    folders: z.array(z.object({ path: z.string(), inode: z.number(), device: z.number(), changedMs: z.number() })),
  }),
};

type Written = z.infer<typeof writtenFoldersRecord.schema>;

export class WrittenFolders {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  /** @param path the file that they are kept in */
  constructor(path: string) {
    this.#path = path;
  }

  /** Notes a folder that was just written. Without the note, the next output finds a folder of someone else. */
  note(path: string): Promise<void> {
    const noted = this.#last.then(async () => {
      const real = await realpath(path);
      const { ino: inode, dev: device, ctimeMs: changedMs } = await lstat(real);
      const file = await this.#read();
      if (file?.kind === 'newer') {
        return;
      }
      const others = foldersOf(file).filter((folder) => folder.path !== real);
      const folders = [...others, { path: real, inode, device, changedMs }].slice(-maxFolders);
      await writeFileAtomic(this.#path, JSON.stringify({ version: writtenFoldersRecord.version, folders }), {
        mode: 0o600,
      });
    });
    this.#last = noted.catch(() => undefined);
    return noted;
  }

  /** Whether a folder is one that an output has written, with nothing in it that was changed or added since. */
  async isUnchanged(path: string): Promise<boolean> {
    const real = await realpath(path).catch(() => undefined);
    const known = foldersOf(await this.#read()).find((folder) => folder.path === real);
    if (real === undefined || !known) {
      return false;
    }
    const { ino, dev, ctimeMs } = await lstat(real);
    return (
      ino === known.inode && dev === known.device && ctimeMs <= known.changedMs && !(await hasNewer(real, ctimeMs))
    );
  }

  async #read(): Promise<VersionedContent<Written> | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : readVersioned(text, writtenFoldersRecord);
  }
}

function foldersOf(file: VersionedContent<Written> | undefined): Written['folders'] {
  return file?.kind === 'valid' ? file.value.folders : [];
}

/** Whether anything below a folder was changed after a time, or cannot be looked at. */
async function hasNewer(folder: string, changedMs: number): Promise<boolean> {
  const pending = [folder];
  let count = 0;
  try {
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      for (const entry of await readdir(next, { withFileTypes: true })) {
        const path = join(next, entry.name);
        count += 1;
        if (count > maxEntries || (await lstat(path)).ctimeMs > changedMs) {
          return true;
        }
        if (entry.isDirectory()) {
          pending.push(path);
        }
      }
    }
    return false;
  } catch {
    return true;
  }
}
