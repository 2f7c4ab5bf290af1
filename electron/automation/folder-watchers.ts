import { type FSWatcher, realpathSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoCode } from '../system/file-errors.ts';

export interface FolderWatchersOptions {
  /** Called with the absolute path of an entry that may have changed: of a folder, if the system does not say which. */
  readonly onNotice: (path: string) => void;
  /** Called once when the system watches no more folders, with its reason: `ENOSPC`, `EMFILE`. Nothing is watched any more. */
  readonly onLimit: (code: string) => void;
  /** Whether one watcher gets notices of everything below a folder, as on macOS and Windows. */
  readonly isRecursive?: boolean;
}

interface WatchedFolder {
  readonly watcher: FSWatcher;
  /** A folder in the place of another one has to be watched itself. */
  readonly identity: string;
  /** Undefined: all entries. */
  readonly names: Set<string> | undefined;
  round: number;
  isStale: boolean;
}

/**
 * Watches the folders of a project, one by one: so ignored folders need no watcher, and files none of their own. Each round, between
 * {@link begin} and {@link end}, names the folders again.
 */
export class FolderWatchers {
  readonly #options: FolderWatchersOptions;
  readonly #isRecursive: boolean;
  readonly #folders = new Map<string, WatchedFolder>();
  #round = 0;
  #isStopped = false;

  constructor(options: FolderWatchersOptions) {
    this.#options = options;
    this.#isRecursive = options.isRecursive ?? (process.platform === 'darwin' || process.platform === 'win32');
  }

  begin(): void {
    this.#round += 1;
  }

  /** All entries of a folder. To be called before it is read, so that no later change is missed. */
  addFolder(folder: string): void {
    this.#add(folder, undefined);
  }

  /** A single file or folder, and what it is a link to. It need not exist. */
  addFile(path: string): void {
    this.#add(dirname(path), basename(path));
    const target = realPath(path);
    if (target !== path) {
      this.#add(dirname(target), basename(target));
    }
  }

  /** Stops watching what was not named in this round. */
  end(): void {
    for (const [folder, { round }] of this.#folders) {
      if (round !== this.#round) {
        this.#close(folder);
      }
    }
  }

  close(): void {
    this.#isStopped = true;
    for (const folder of this.#folders.keys()) {
      this.#close(folder);
    }
  }

  #add(folder: string, name: string | undefined): void {
    if (this.#isStopped || (name === undefined && this.#isBelowWatched(folder))) {
      return;
    }
    const identity = identityOf(folder);
    const known = this.#folders.get(folder);
    const isSame = known !== undefined && !known.isStale && known.identity === identity;
    if (isSame && (known.names === undefined || name !== undefined)) {
      known.round = this.#round;
      if (name !== undefined) {
        known.names?.add(name);
      }
      return;
    }
    this.#close(folder);
    if (identity !== undefined) {
      this.#open(folder, identity, name === undefined ? undefined : new Set([name]));
    }
  }

  #open(folder: string, identity: string, names: Set<string> | undefined): void {
    try {
      const options = { recursive: this.#isRecursive && names === undefined };
      const watcher = watch(folder, options, (_kind, name) => {
        if (name === null) {
          this.#options.onNotice(folder);
          return;
        }
        if (!names || names.has(name)) {
          this.#options.onNotice(join(folder, name));
        }
        // a folder that was moved or removed reports its own name; its watcher is of no use to the one that takes its place
        if (name === basename(folder)) {
          watched.isStale = true;
          this.#options.onNotice(folder);
        }
      });
      const watched: WatchedFolder = { watcher, identity, names, round: this.#round, isStale: false };
      watcher.on('error', (error) => {
        // for example the folder was removed
        this.#close(folder);
        if (!this.#reportLimit(error)) {
          this.#options.onNotice(folder);
        }
      });
      this.#folders.set(folder, watched);
    } catch (error) {
      // what cannot be read is a problem of who reads it
      this.#reportLimit(error);
    }
  }

  #reportLimit(error: unknown): boolean {
    const code = errnoCode(error);
    if (code !== 'ENOSPC' && code !== 'EMFILE') {
      return false;
    }
    if (!this.#isStopped) {
      this.close();
      this.#options.onLimit(code);
    }
    return true;
  }

  #close(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }

  #isBelowWatched(folder: string): boolean {
    if (!this.#isRecursive || this.#folders.has(folder)) {
      return false;
    }
    for (let parent = dirname(folder); parent !== dirname(parent); parent = dirname(parent)) {
      const watched = this.#folders.get(parent);
      if (watched && !watched.names && watched.round === this.#round) {
        return true;
      }
    }
    return false;
  }
}

function identityOf(folder: string): string | undefined {
  try {
    const stats = statSync(folder, { bigint: true });
    return stats.isDirectory() ? `${stats.dev} ${stats.ino} ${stats.birthtimeNs}` : undefined;
  } catch {
    return undefined;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
